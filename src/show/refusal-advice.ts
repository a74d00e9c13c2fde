/** What a person can do about a refusal. The reason says what was wrong; this, what next. Never a secret: its name. */

import { suggest } from '../hooks/suggest.ts'
import { hostOf } from '../hosts/hosts.ts'
import type { Config } from '../model/config.ts'
import type { HostName } from '../model/delivery.ts'
import type { Hook, Secret } from '../model/hook.ts'
import type { Refused } from '../record/store.ts'

type Turned = Pick<Refused, 'path' | 'reason'>

/** Null where nothing is to be done, or where the reason says it itself. */
export function adviceOn({ path, reason }: Turned, { hooks, hosts }: Config): string | null {
  if (reason.includes('"allow-from"'))
    return 'If the address may call, write it into "allow-from" of the hook.'
  if (reason.startsWith('As many runs wait'))
    return 'Send it again at the host when runs have ended, or raise "max-waiting" of "server".'
  if (reason.startsWith('name and password are not'))
    return `Compare what was typed with "users" of the hook in the hooks file. ${AFTER}.`
  const hook = [...hooks.values()].find((one) => one.path === path)
  if (!isOfSecret(reason)) return hook ? null : likeOne(path, hooks)
  if (hook) return ofHook(hook)
  const [host, secrets] = [...hosts].find(([name]) => `/${name}` === path) ?? []
  return host === undefined || secrets === undefined ? null : ofHost(host, secrets)
}

/** Somebody seems to have meant a hook; scanners mean none. */
function likeOne(path: string, hooks: Config['hooks']): string | null {
  const meant = suggest(
    path,
    [...hooks.values()].map((hook) => hook.path),
  )
  return meant === null ? null : `Did it mean ${meant}?`
}

const AFTER = 'After an edit here, run "runhook check" and "runhook doctor"'

/** Those of hosts/signature.ts and receive/proof.ts; others name a slip, and with it what to do. */
function isOfSecret(reason: string): boolean {
  return (
    reason.includes('the secret here and at the host differ') ||
    reason.includes('begins or ends with white space') ||
    reason.includes('the webhook has no ') ||
    reason === 'the token is not the one configured'
  )
}

function ofHook({ name, host, secrets, tokens }: Hook): string {
  const [kind, held] =
    secrets.length > 0 ? (['secret', secrets] as const) : (['token', tokens] as const)
  const theirs =
    host === 'webhook' ? `the ${kind} of the caller` : `the ${kind} at ${hostOf(host).title}`
  const where = `an admin sees it at /-/hooks/${name}/setup, and on the server it is where the hooks file takes it from`
  return `Compare ${theirs} with ${named(held)}: ${where}. ${AFTER}.`
}

function ofHost(host: HostName, secrets: readonly Secret[]): string {
  const where = 'on the server it is where the hooks file takes it from, under "hosts"'
  return `Compare the secret at ${hostOf(host).title} with ${named(secrets)}: ${where}. ${AFTER}.`
}

function named(secrets: readonly Secret[]): string {
  return secrets.map(({ name }) => name).join(' or ')
}
