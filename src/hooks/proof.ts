/**
 * What a hook asks of whoever starts it. Closed by default: a hook that nothing protects is refused,
 * unless it says `"auth": "none"` in words.
 */

import type { HostName } from '../model/delivery.ts'
import type { Secret, Trigger } from '../model/hook.ts'
import type { FileDraft, HookDraft } from './draft.ts'
import { isPlain } from './events.ts'
import { checkHostRules, publicKeysOf } from './host-rules.ts'
import { readSecrets, variableFor } from './secrets.ts'
import { listed } from './suggest.ts'

export interface Proof {
  readonly secrets: readonly Secret[]
  readonly hostSecrets: boolean
  readonly tokens: readonly Secret[]
  readonly open: boolean
}

export async function readProof(
  draft: HookDraft,
  file: FileDraft,
  host: HostName,
  triggers: readonly Trigger[],
): Promise<Proof> {
  const { written, path } = draft
  if (file.role === 'worker') return nobody
  const own = await readSecrets([...path, 'secret'], written.secret, file.secrets)
  const tokens = await readSecrets([...path, 'token'], written.token, file.secrets)
  const shared = draft.given('secret') ? undefined : file.hosts.get(host)
  // A repository that cannot be read may be at either host.
  const hostGiven = file.report.given(host === 'webhook' ? ['hosts'] : ['hosts', host])
  checkOpen(draft)
  checkProtected(draft, host, hostGiven, triggers)
  checkToken(draft, host, triggers)
  checkHostRules(draft, host, own)
  return {
    secrets: shared ?? (own.length > 0 ? own : publicKeysOf(host)),
    hostSecrets: shared !== undefined,
    tokens,
    open: written.auth === 'none',
  }
}

/** Of a worker, which answers no request: nobody can prove anything. */
const nobody: Proof = { secrets: [], hostSecrets: false, tokens: [], open: false }

function checkOpen({ written, given, path, report }: HookDraft): void {
  if (!given('auth')) return
  const all = ['secret', 'token', 'users'] as const
  const closed = written.auth === 'none' ? all.filter((key) => given(key)) : []
  const problem = given('repo')
    ? 'is never allowed beside "repo": hosts sign their webhooks'
    : `cannot stand beside ${listed(closed, 'and')}: a hook is open or it is not`
  if (given('repo') || closed.length > 0) report.error([...path, 'auth'], problem, { at: 'key' })
}

function checkProtected(
  draft: HookDraft,
  host: HostName,
  hostGiven: boolean,
  triggers: readonly Trigger[],
): void {
  const { given, path, report } = draft
  if (publicKeysOf(host).length > 0 || given('secret')) return
  if (given('repo') ? hostGiven : isClosed(draft)) return
  const missing = given('repo') ? missingSecret(draft.name, host) : missingProof(draft, triggers)
  if (missing !== null) report.error(path, missing)
}

function isClosed({ written, given }: HookDraft): boolean {
  return given('token') || given('users') || written.auth === 'login' || written.auth === 'basic'
}

function missingSecret(hook: string, host: HostName): string {
  const secret = `"secret": "\${${variableFor(hook, 'secret')}}"`
  return `needs a secret; add ${secret}${host === 'webhook' ? '' : `, or one for all of ${host} in "hosts"`}`
}

function missingProof({ name, given }: HookDraft, triggers: readonly Trigger[]): string | null {
  if (triggers.some((trigger) => trigger.event === 'manual'))
    return `needs "secret" or "token" for "manual"; add "secret": "\${${variableFor(name, 'secret')}}"`
  if (given('auth') || triggers.length === 0) return null
  const token = `"token": "\${${variableFor(name, 'token')}}"`
  return `needs "token" or "secret"; add ${token}, or "auth": "none" if everybody may call it`
}

function checkToken(
  { given, path, report }: HookDraft,
  host: HostName,
  triggers: readonly Trigger[],
): void {
  const used = triggers.some(({ event }) => event === 'manual' || isPlain(event))
  if (given('token') && given('repo') && triggers.length > 0 && !used)
    report.warn([...path, 'token'], `is not used: webhooks of ${host} are signed with "secret"`, {
      at: 'key',
    })
}
