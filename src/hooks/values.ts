/**
 * The values of a hooks file, with variables filled in. Objects have no prototype, so that no key of a
 * user can mean anything but itself.
 */

import type { Node } from 'jsonc-parser'
import type { Role } from '../model/config.ts'
import { isMadePath, isSecretPath } from './mask.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import { isUnneeded } from './roles.ts'
import { members, nodeAt } from './source.ts'
import type { Filled, Variables } from './variables.ts'

export function readValues(
  root: Node,
  variables: Variables,
  report: Report,
  role: Role = 'all',
): unknown {
  const isOfFleet = nodeAt(root, ['server', 'database']) !== null
  return read(root, [])

  function read(node: Node, path: Path): unknown {
    if (node.type === 'array')
      return (node.children ?? []).map((item, index) => read(item, [...path, index]))
    if (node.type === 'object') {
      const object: Record<string, unknown> = Object.create(null)
      for (const { key, value } of members(node)) object[key] = read(value, [...path, key])
      return object
    }
    return typeof node.value === 'string' ? fillIn(node.value, path) : node.value
  }

  /** A text that cannot be filled in stays as written, and is refused: nothing more is said about it. */
  function fillIn(text: string, path: Path): string {
    if (text.includes('\0')) refuse(path, 'holds a NUL character, which no command can take')
    if (isLiteral(path) || isUnneeded(path, role)) return text
    const filled = variables.fill(text, { secret: isMadePath(path) })
    if ('text' in filled) return filled.text
    const [message, hint] = explain(filled, path)
    const isWorkers = role === 'all' && isOfFleet && isUnneeded(path, 'worker')
    refuse(path, message, hint !== null && isWorkers ? `${hint}; ${NOT_ON_WORKERS}` : hint)
    return text
  }

  function refuse(path: Path, message: string, hint: string | null = null): void {
    report.refuse(path, message, { hint })
  }
}

const NOT_ON_WORKERS = 'a machine that is only a worker needs none: ask with --role worker there'

/** What a shell or a program will read: there `$` is theirs. */
function isLiteral([room, , key]: Path): boolean {
  return (
    room === 'hooks' && ['run', 'command', 'on-failure', 'on-success'].some((one) => one === key)
  )
}

function explain(
  filled: Exclude<Filled, { text: string }>,
  path: Path,
): [message: string, hint: string | null] {
  if ('malformed' in filled)
    return [
      `${JSON.stringify(filled.malformed)} is not a variable; write "\${NAME}" or "\${NAME:-default}"`,
      null,
    ]
  const name = filled.missing
  if (/^(HOOK|INPUT)_/.test(name))
    return [`${name} is known only to a running command; use it in "run", as "$${name}"`, null]
  const advice =
    isSecretPath(path) && path[1] !== 'database' && path[1] !== 'oidc' // others chose those
      ? `make one: echo "${name}=$(openssl rand -hex 32)" >> .env`
      : `add a line ${name}=… to .env, or write "\${${name}:-default}"`
  return [`${name} is set neither in .env nor in the environment`, advice]
}
