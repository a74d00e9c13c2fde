/** What a person can do about a refusal. The reason says what was wrong; this, what next. Never a secret: its name. */

import { suggest } from '../hooks/suggest.ts'
import { hostOf } from '../hosts/hosts.ts'
import type { Config } from '../model/config.ts'
import type { HostName } from '../model/delivery.ts'
import type { Hook, Secret } from '../model/hook.ts'
import type { Refused } from '../record/store.ts'

type Turned = Pick<Refused, 'path' | 'reason'>

/** Null where nothing is to be done, or where the reason says it itself. */
export function adviceOn({ path, reason }: Turned, config: Config): string | null {
  const { hooks, hosts } = config
  if (reason.includes('"allow-from"'))
    return 'If the address may call, write it into "allow-from" of the hook.'
  if (reason.startsWith('As many runs wait'))
    return 'Send it again at the host when runs have ended, or raise "max-waiting" of "server".'
  if (reason.startsWith('name and password are not'))
    return `Compare what was typed with "users" of the hook in the hooks file. ${AFTER}.`
  const hook = [...hooks.values()].find((one) => one.path === path)
  if (!isOfSecret(reason)) return hook ? null : likeOne(path, config)
  if (hook) return ofHook(hook, reason === WRONG_TOKEN)
  const [host, secrets] = [...hosts].find(([name]) => `/${name}` === path) ?? []
  return host === undefined || secrets === undefined ? null : ofHost(host, secrets)
}

function likeOne(path: string, config: Pick<Config, 'hooks' | 'hosts'>): string | null {
  const meant = likePath(path, config)
  return meant === null ? null : `Did it mean ${meant}?`
}

/** That of a hook which somebody seems to have meant; scanners mean none, and a host's own address is meant itself. */
export function likePath(path: string, { hooks, hosts }: Pick<Config, 'hooks' | 'hosts'>) {
  if ([...hosts.keys()].some((name) => `/${name}` === path)) return null
  return suggest(
    path,
    [...hooks.values()].map((hook) => hook.path),
  )
}

const AFTER = 'After an edit here, run "runhook check" and "runhook doctor"'

const WRONG_TOKEN = 'the token is not the one configured'

/** Those of hosts/signature.ts and receive/proof.ts; others name a slip, and with it what to do. */
function isOfSecret(reason: string): boolean {
  return (
    reason.includes('the secret here and at the host differ') ||
    reason.includes('begins or ends with white space') ||
    reason.includes('the webhook has no ') ||
    reason === WRONG_TOKEN
  )
}

/** Null where the hook has neither any more. */
function ofHook({ name, host, secrets, tokens }: Hook, isToken: boolean): string | null {
  const [kind, held] =
    isToken || secrets.length === 0 ? (['token', tokens] as const) : (['secret', secrets] as const)
  if (held.length === 0) return null
  const theirs =
    kind === 'token' || host === 'webhook'
      ? `the ${kind} of the caller`
      : `the ${kind} at ${hostOf(host).title}`
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
