/** Words of the command line to values. What cannot be one is a usage mistake, said in commander's way. */

import { InvalidArgumentError } from 'commander'
import { type ServerRole, serverRoles } from '../engine.ts'

/** `142` or `#142` */
export function toId(text: string): number {
  const [, digits] = /^#?([1-9][0-9]{0,14})$/.exec(text) ?? []
  if (digits === undefined) throw new InvalidArgumentError('Write a number such as 142 or #142.')
  return Number(digits)
}

export function toPort(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65535) {
    throw new InvalidArgumentError('Write a number from 0 to 65535.')
  }
  return Number(text)
}

/** Without a trailing slash. A name and a password in it would be a token on the command line. */
export function toServer(text: string): string {
  const url = URL.parse(text)
  const plain = url !== null && url.username + url.password + url.search + url.hash === ''
  if (plain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '')
  throw new InvalidArgumentError('Write an address such as https://deploy.example.com.')
}

export function toLimit(text: string): number {
  const limit = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > 500) throw new InvalidArgumentError('Write a number from 1 to 500.')
  return limit
}

/** `-i scope=pages -i force=true` */
export function toInputs(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError('Write NAME=VALUE.')
  const name = text.slice(0, equals)
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`)
  return { ...before, [name]: text.slice(equals + 1) }
}

export function toList(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

/** `web,eu` */
export function toLabels(text: string): string[] {
  const labels = text.split(',').map((label) => label.trim())
  if (labels.includes('')) throw new InvalidArgumentError('Write labels such as web,eu.')
  return labels
}

/** `receive,show` */
export function toRoles(text: string): ServerRole[] {
  const wanted = text.split(',').map((role) => role.trim())
  const unknown = wanted.find((role) => !serverRoles.some((known) => known === role))
  if (unknown !== undefined) {
    const found = unknown === '' ? 'nothing' : unknown
    throw new InvalidArgumentError(`Write some of ${serverRoles.join()}; ${found} is none of them.`)
  }
  return serverRoles.filter((role) => wanted.includes(role))
}

/** Runs at once. */
export function toParallel(text: string): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  if (count < 1) throw new InvalidArgumentError('Write a number from 1 to 9999.')
  return count
}

export function toRepository(text: string): string {
  if (!/^[^/\s][^/]*(\/[^/]*[^/\s])+$/.test(text))
    throw new InvalidArgumentError('Write owner/name.')
  return text
}

export function toSha(text: string): string {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) {
    throw new InvalidArgumentError('Write all 40 digits of a commit id, in lower case.')
  }
  return text
}
