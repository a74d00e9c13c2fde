/**
 * Reading fields of a payload that nobody has promised us. Lookups see own properties only, so a
 * payload cannot reach a prototype, and a field of the wrong type reads as absent.
 */

import { isUtf8 } from 'node:buffer'
import type { Update } from '../model/delivery.ts'
import { DEEPEST, isTooDeep } from './depth.ts'
import type { Payload } from './host.ts'

export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = Reflect.get(here, key)
  }
  return here
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : null
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | null {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : null
}

export function flagAt(value: unknown, ...path: readonly (string | number)[]): boolean | null {
  const found = at(value, ...path)
  return typeof found === 'boolean' ? found : null
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** 40 or 64 digits; Bitbucket cuts those of pull requests to 12. What is none of this is no id. */
const OBJECT_ID = /^[0-9a-f]{7,64}$/i

/** An object id, or null for the all-zero id that hosts send for "nothing". */
export function shaAt(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = textAt(value, ...path)
  return found === null || /^0+$/.test(found) || !OBJECT_ID.test(found) ? null : found
}

/** Whether it is the all-zero id, by which hosts without flags tell "created" and "deleted". */
export function isZero(value: unknown, ...path: readonly (string | number)[]): boolean {
  return /^0+$/.test(textAt(value, ...path) ?? '')
}

const nothing: Update = {
  event: '',
  ref: null,
  branch: null,
  tag: null,
  sha: null,
  before: null,
  created: null,
  deleted: null,
  forced: null,
  commits: null,
  files: null,
  message: null,
  number: null,
  baseBranch: null,
  merged: null,
  fork: null,
}

/** An update with everything absent but what is given. */
export function update(fields: Partial<Update> & { readonly event: string }): Update {
  return { ...nothing, ...fields }
}

/** Branch and tag of a full ref. Names keep their slashes; a ref that is neither has both null. */
export function refNames(ref: string | null): { branch: string | null; tag: string | null } {
  const after = (prefix: string) => (ref?.startsWith(prefix) ? ref.slice(prefix.length) : null)
  return { branch: after('refs/heads/'), tag: after('refs/tags/') }
}

/** Exact bytes to text; a byte-order mark is dropped only here, after the signature. */
export function decode(body: Buffer): { text: string } | { problem: string } {
  if (!isUtf8(body)) return { problem: 'the body is not UTF-8' }
  const text = body.toString('utf8')
  return { text: text.startsWith('\uFEFF') ? text.slice(1) : text }
}

/** JSON bytes to an object, or a sentence. */
export function parseBody(body: Buffer): { payload: Payload } | { problem: string } {
  const decoded = decode(body)
  return 'problem' in decoded ? decoded : parseObject(decoded.text)
}

/** JSON text to an object, or a sentence. The parser's own message quotes the payload, so it is dropped. */
export function parseObject(text: string): { payload: Payload } | { problem: string } {
  if (isTooDeep(text)) return { problem: `the body is nested more than ${DEEPEST} levels` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: text.trim() === '' ? 'the body is empty' : 'the body is not JSON' }
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { payload: value as Payload } // an object, as just checked; its fields stay unknown
  }
  return { problem: `the body is JSON but not an object (${kindOf(value)})` }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
