/** What several hosts' pushes have in common: lists of commits with their files, and form bodies. */

import { at, listAt } from './fields.ts'

const KINDS = ['added', 'removed', 'modified'] as const

/**
 * Every file that some commit of the push changed, sorted. Null where that cannot be known: the list is
 * empty (a new branch at an old commit), is cut short, or names no files.
 */
export function changedFiles(commits: readonly unknown[], total: number): readonly string[] | null {
  if (commits.length === 0 || commits.length < total) return null
  const listed = commits.every((commit) => KINDS.some((kind) => Array.isArray(at(commit, kind))))
  if (!listed) return null
  const names = commits.flatMap((commit) => KINDS.flatMap((kind) => listAt(commit, kind)))
  return [...new Set(names.filter((name) => typeof name === 'string'))].sort()
}

/**
 * The value of a form that is `payload=…` and nothing else, as Gitea and Gogs send it; null for any other.
 * They sign this value and not the form, so it is read before the signature is checked: byte by byte,
 * because a list of a million fields is what a stranger would send to a parser of forms.
 */
export function formPayload(body: Buffer): Buffer | null {
  const name = 'payload='
  if (!body.subarray(0, name.length).equals(Buffer.from(name))) return null
  const value = Buffer.alloc(body.length - name.length)
  let size = 0
  for (let at = name.length; at < body.length; at++) {
    let byte = body[at]
    if (byte === AMPERSAND || byte === undefined) return null
    if (byte === PERCENT) {
      byte = 16 * digit(body[at + 1]) + digit(body[at + 2])
      if (Number.isNaN(byte)) return null
      at += 2
    } else if (byte === PLUS) byte = SPACE
    value[size++] = byte
  }
  return value.subarray(0, size)
}

/**
 * One field of a form, null when it is not there or not well written. By hand, because the time that
 * URLSearchParams takes grows with the square of the number of fields: 1 MB of them hold it for seconds.
 */
export function formField(form: string, name: string): string | null {
  const start = `${name}=`
  for (let from = 0; from <= form.length; ) {
    const end = form.indexOf('&', from)
    const to = end < 0 ? form.length : end
    if (form.startsWith(start, from)) return decoded(form.slice(from + start.length, to))
    from = to + 1
  }
  return null
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    return null
  }
}

const [SPACE, PERCENT, AMPERSAND, PLUS] = [0x20, 0x25, 0x26, 0x2b] as const

/** NaN for what is no hexadecimal digit. */
function digit(byte: number | undefined): number {
  if (byte === undefined) return Number.NaN
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

/**
 * The body with the values of these keys starred out: hosts have been known to put the secret itself into
 * what they send. As bytes, so that all else stays as it came.
 */
export function withoutValues(body: Buffer, keys: readonly string[]): Buffer {
  const key = new RegExp(`"(?:${keys.join('|')})"\\s*:\\s*"`, 'g')
  const text = body.toString('latin1')
  const kept: string[] = []
  let done = 0
  for (const match of text.matchAll(key)) {
    const start = match.index + match[0].length
    const end = endOfText(text, start)
    if (match.index < done || end === start) continue
    kept.push(text.slice(done, start), '***')
    done = end
  }
  return done === 0 ? body : Buffer.from(kept.join('') + text.slice(done), 'latin1')
}

/** Where a JSON text ends that begins at `start`: at the first quote that no backslash takes away. */
function endOfText(text: string, start: number): number {
  let at = start
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}
