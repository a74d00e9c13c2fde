/**
 * A delivery held against the hooks of its endpoint: a verdict for each, and the runs they ask for.
 */

import { fail, pass } from '../hooks/check.ts'
import { readInputs } from '../hooks/inputs.ts'
import { judge } from '../hooks/match.ts'
import type { Payload } from '../hosts/host.ts'
import type { Check, Delivery, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import { networksOf } from '../network/allowed.ts'
import type { Wanted } from '../record/store.ts'
import type { Endpoint } from './endpoints.ts'

/** `signed` stands for what was found of the signature, where that is another's to say. */
export function judgeAll(
  endpoint: Endpoint,
  delivery: Delivery,
  payload: Payload,
  signed?: Check,
): { verdicts: Verdict[]; wanted: Wanted[] } {
  const verdicts: Verdict[] = []
  const wanted: Wanted[] = []
  for (const hook of endpoint.hooks) {
    const signature =
      signed ?? addressCheck(hook, delivery) ?? signatureCheck(endpoint, hook, delivery)
    for (const verdict of judge(hook, delivery, payload, signature)) {
      const { checked, inputs } = withInputs(hook, verdict, payload)
      verdicts.push(checked)
      if (checked.matched) wanted.push({ hook, update: verdict.update, inputs })
    }
  }
  return { verdicts, wanted }
}

/** At a host's shared path its shared secret was checked; a hook with a secret of its own wants that one. */
function signatureCheck(endpoint: Endpoint, hook: Hook, delivery: Delivery): Check {
  if (!endpoint.shared || hook.hostSecrets) {
    return pass('signature', delivery.proof, wantedProof(endpoint))
  }
  const says = `signed with ${endpoint.host.title}'s shared secret, but this hook has its own: send to ${hook.path}`
  return fail('signature', `the secret of ${hook.name}`, 'shared secret', says)
}

/**
 * At a path of its own a hook has refused other networks before this. What a person sends through once more
 * comes from nowhere.
 */
function addressCheck({ access }: Hook, { address }: Delivery): Check | null {
  if (access.from === null || address === '' || networksOf(access.from).has(address)) return null
  return fail('allow-from', access.from.join(', '), address, `${address} is outside "allow-from"`)
}

function withInputs(hook: Hook, verdict: Verdict, payload: Payload) {
  if (!verdict.matched || hook.repositories.length > 0) return { checked: verdict, inputs: {} }
  const asked = hook.inputs.length > 0 || hook.triggers.some((t) => t.event === 'manual')
  if (!asked) return { checked: verdict, inputs: {} }
  const result = readInputs(hook, Object.hasOwn(payload, 'inputs') ? payload.inputs : undefined)
  if ('inputs' in result) return { checked: verdict, inputs: result.inputs }
  const check = fail('inputs', '', '', result.problem)
  return { checked: { ...verdict, matched: false, checks: [...verdict.checks, check] }, inputs: {} }
}

/** What this address asks for, by the names that stand in the hooks file. */
function wantedProof({ open, secrets, tokens, users, login }: Endpoint): string {
  if (open) return 'none'
  const names = (list: Endpoint['secrets']) => list.map(({ name }) => name).join(', ')
  return [
    ...(secrets.length > 0 ? [`signed with ${names(secrets)}`] : []),
    ...(tokens.length > 0 ? [`token ${names(tokens)}`] : []),
    ...(users.length > 0 ? [`password of ${users.map(({ name }) => name).join(', ')}`] : []),
    ...(login ? ['login'] : []),
  ].join(' or ')
}
