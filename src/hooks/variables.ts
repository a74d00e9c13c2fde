/**
 * `${NAME}` and `${NAME:-default}` in the texts of a hooks file. Values come from `.env`, then from the
 * environment. Missing ones in the place of a secret can be made fresh.
 */

import { randomBytes } from 'node:crypto'

export interface Variables {
  /** Made fresh while filling in, to be kept in `.env`. */
  readonly fresh: ReadonlyMap<string, string>
  /** Fills in a text; or says which variable is missing, or what cannot be understood. */
  fill(text: string, options: { secret: boolean }): Filled
  /** What a text takes from `.env` or the environment, by name; not what it gives as a default itself. */
  taken(text: string): ReadonlyMap<string, string>
}

export type Filled =
  | { readonly text: string }
  | { readonly missing: string }
  | { readonly malformed: string }

type Lookup = (name: string) => string | undefined

export function createVariables(
  file: ReadonlyMap<string, string>,
  environment: Readonly<Record<string, string | undefined>>,
  options: { createSecrets: boolean },
): Variables {
  const fresh = new Map<string, string>()
  const lookup: Lookup = (name) =>
    file.get(name) ??
    fresh.get(name) ??
    (Object.hasOwn(environment, name) ? environment[name] : undefined)
  return {
    fresh,
    fill(text, { secret }) {
      const filled = fill(text, lookup)
      if (!('missing' in filled) || !secret || !options.createSecrets) return filled
      if (text !== `\${${filled.missing}}`) return filled
      const value = randomBytes(32).toString('base64url')
      fresh.set(filled.missing, value)
      return { text: value }
    },
    taken: (text) => new Map(referencesIn(text).flatMap((one) => taken(one, lookup))),
  }
}

function taken(reference: Reference, lookup: Lookup): [string, string][] {
  const value = resolved(reference, lookup)
  return value === undefined || value === reference.fallback ? [] : [[reference.name, value]]
}

/** The names a text refers to. */
export function namesIn(text: string): string[] {
  return referencesIn(text).map(({ name }) => name)
}

function referencesIn(text: string): Reference[] {
  return [...text.matchAll(reference)].flatMap(([whole, body]) => {
    const read = readReference(body ?? '')
    return read === null || whole.startsWith('$$') ? [] : [read]
  })
}

/** `$${` stands for `${` itself. */
const reference = /\$?\$\{([^}]*)\}?/g

function fill(text: string, lookup: Lookup): Filled {
  let filled = ''
  let done = 0
  for (const match of text.matchAll(reference)) {
    const [whole, body = ''] = match
    filled += text.slice(done, match.index)
    done = match.index + whole.length
    if (whole.startsWith('$$')) {
      filled += whole.slice(1)
      continue
    }
    const read = whole.endsWith('}') ? readReference(body) : null
    if (read === null) return { malformed: whole }
    const value = resolved(read, lookup)
    if (value === undefined) return { missing: read.name }
    filled += value
  }
  return { text: filled + text.slice(done) }
}

interface Reference {
  readonly name: string
  readonly fallback: string | null
}

function readReference(body: string): Reference | null {
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(body) ?? []
  return name === undefined ? null : { name, fallback: fallback ?? null }
}

/** As in a shell, `:-` also stands in for a variable that is set to nothing. */
function resolved({ name, fallback }: Reference, lookup: Lookup): string | undefined {
  const value = lookup(name)
  return fallback !== null && (value === undefined || value === '') ? fallback : value
}
