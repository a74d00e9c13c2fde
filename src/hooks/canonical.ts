/**
 * One text for each JSON value, whatever order its keys were written in: what is hashed or sealed. It is JSON
 * itself with sorted keys and no spaces, so two different values never share a text, for it can be read back.
 */

/** Throws a TypeError for what is no JSON: it would become the same text as something else. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) return objectText(value)
  const isJson = typeof value !== 'number' || Number.isFinite(value)
  const text = isJson ? JSON.stringify(value) : undefined
  if (text === undefined) throw new TypeError(`${typeof value} has no canonical text`)
  return text
}

function objectText(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    throw new TypeError('only plain objects have a canonical text')
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`
}
