/**
 * Which values must not be seen in an output, a log or the history: secrets, tokens and passwords of all
 * hooks and hosts, for a command can read another's; what `env` takes from `.env` or the environment; and
 * passwords in the URLs of `env`; what `env` takes from a file or a credential; the URL of the database, what
 * runs are sealed with, and what proves this server to a provider of OpenID Connect. What stands in the file as plain text is no secret.
 */

import type { Config } from '../model/config.ts'
import type { Secret } from '../model/hook.ts'
import { databaseSecrets } from './database.ts'
import type { FileDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { EnvWritten } from './schema-parts.ts'
import type { Variables } from './variables.ts'

/** Taken from the environment for what they say of the machine; without them no log could be read. */
const ordinary = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'PWD', 'TMPDIR'],
  ...['HOSTNAME', 'TERM', 'XDG_RUNTIME_DIR'],
]

export function hiddenValues(
  { hosts, hooks, server }: Pick<Config, 'hosts' | 'hooks' | 'server'>,
  draft: FileDraft,
  variables: Variables,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const all = [...hooks.values()]
  const secrets = [
    ...[...hosts.values()].flat(),
    ...all.flatMap((hook) => [...hook.secrets, ...hook.tokens]),
    ...(server.worker.sealKeys ?? []),
    ...(server.oidc ? [server.oidc.clientSecret] : []),
    ...all.flatMap(({ access }) => access.users.flatMap(({ passwords }) => passwords)),
  ]
  const passwords = all.flatMap((hook) => Object.values(hook.env).flatMap(passwordsIn))
  return [
    ...new Set([
      ...secrets.flatMap(inSecret),
      ...inEnv(draft, variables),
      ...heldByEnv(draft, hooks),
      ...passwords,
      ...databaseSecrets(server.database, environment),
    ]),
  ]
}

/** The value, and its part that is sent or signed with: behind `whsec_`, or behind the user's name. */
function inSecret({ value }: Secret): string[] {
  if (value.startsWith('whpk_')) return [] // the public half of a pair of keys
  const [, part = ''] = /^(?:whsec_|whsk_|[^\s:]+:)(.+)$/s.exec(value) ?? []
  return [value, part]
}

/** Values that stand in a file or a credential. */
function heldByEnv({ written, env }: FileDraft, hooks: Config['hooks']): string[] {
  const held = (names: EnvWritten = {}, values: Readonly<Record<string, string>> = {}) =>
    Object.entries(names).flatMap(([name, value]) =>
      typeof value === 'string' ? [] : [values[name] ?? ''],
    )
  const own = Object.entries(written.hooks ?? {})
  return [
    ...held(written.defaults?.env, env),
    ...own.flatMap(([name, hook]) => held(hook.env, hooks.get(name)?.env)),
  ]
}

function inEnv({ written, report, role }: FileDraft, variables: Variables): string[] {
  if (role === 'receiver') return []
  const taken = (path: Path, env: EnvWritten = {}) =>
    Object.keys(env)
      .flatMap((name) => [...variables.taken(report.written([...path, name]) ?? '')])
      .filter(([name]) => !ordinary.includes(name))
      .map(([, value]) => value)
  const hooks = Object.entries(written.hooks ?? {})
  return [
    ...taken(['defaults', 'env'], written.defaults?.env),
    ...hooks.flatMap(([name, hook]) => taken(['hooks', name, 'env'], hook.env)),
  ]
}

/**
 * Of `scheme://user:password@host` the password, as written and with its `%40` read. A user without a
 * password is a name such as "git", unless it is as long as the tokens that hosts have people put there.
 */
function passwordsIn(text: string): string[] {
  const found = [...text.matchAll(/[a-z][a-z0-9+.-]*:\/\/([^\s/?#@:]*)(?::([^\s/?#]*))?@/gi)]
  return found.flatMap(([, user = '', password]) => {
    const value = password ?? (user.length >= TOKEN ? user : '')
    return [value, decoded(value)]
  })
}

const TOKEN = 20

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
