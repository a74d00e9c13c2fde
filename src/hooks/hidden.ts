/**
 * Which values must not be seen in an output, a log or the history: secrets, tokens and passwords of all
 * hooks and hosts, for a command can read another's; what `env` takes from `.env` or the environment; and
 * passwords in the URLs of `env`. What stands in the file as plain text is no secret.
 */

import type { Config } from '../model/config.ts'
import type { Secret } from '../model/hook.ts'
import type { FileDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Variables } from './variables.ts'

/** Taken from the environment for what they say of the machine; without them no log could be read. */
const ordinary = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'PWD', 'TMPDIR'],
  ...['HOSTNAME', 'TERM', 'XDG_RUNTIME_DIR'],
]

export function hiddenValues(
  { hosts, hooks }: Pick<Config, 'hosts' | 'hooks'>,
  draft: FileDraft,
  variables: Variables,
): string[] {
  const all = [...hooks.values()]
  const secrets = [
    ...[...hosts.values()].flat(),
    ...all.flatMap((hook) => [...hook.secrets, ...hook.tokens]),
    ...all.flatMap(({ access }) => access.users.flatMap(({ passwords }) => passwords)),
  ]
  const passwords = all.flatMap((hook) => Object.values(hook.env).flatMap(passwordsIn))
  return [...new Set([...secrets.flatMap(inSecret), ...inEnv(draft, variables), ...passwords])]
}

/** The value, and its part that is sent or signed with: behind `whsec_`, or behind the user's name. */
function inSecret({ value }: Secret): string[] {
  if (value.startsWith('whpk_')) return [] // the public half of a pair of keys
  const [, part = ''] = /^(?:whsec_|whsk_|[^\s:]+:)(.+)$/s.exec(value) ?? []
  return [value, part]
}

function inEnv({ written, report }: FileDraft, variables: Variables): string[] {
  const taken = (path: Path, env: Readonly<Record<string, string>> = {}) =>
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
