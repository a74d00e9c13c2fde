/**
 * Just enough of OpenAPI 3.1 to hold the API's document against it, and answers against the document.
 * Stricter than the standard where that finds mistakes: a field that is not described is one.
 */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }
export type Thing = { readonly [key: string]: Json }

export function isThing(value: Json | undefined): value is Thing {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function thing(value: Json | undefined): Thing {
  return isThing(value) ? value : {}
}

export interface Operation {
  readonly method: string
  readonly path: string
  readonly says: Thing
}

export function operationsOf(document: Thing): Operation[] {
  return Object.entries(thing(document.paths)).flatMap(([path, item]) =>
    Object.entries(thing(item)).map(([method, says]) => ({ method, path, says: thing(says) })),
  )
}

/** What a `$ref` points to; the thing itself where it is none. */
export function resolved(document: Thing, value: Json | undefined): Thing {
  const { $ref } = thing(value)
  if (typeof $ref !== 'string') return thing(value)
  const found = $ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<Json | undefined>((at, name) => thing(at)[name], document)
  if (!isThing(found)) throw new Error(`${$ref} leads nowhere`)
  return found
}

const fields: Readonly<Record<string, { required: string[]; optional: string[] }>> = {
  document: {
    required: ['openapi', 'info', 'paths'],
    optional: ['servers', 'components', 'security', 'tags', 'externalDocs', 'webhooks'],
  },
  info: { required: ['title', 'version'], optional: ['summary', 'description', 'license'] },
  operation: {
    required: ['operationId', 'summary', 'responses', 'security'],
    optional: ['description', 'parameters', 'requestBody', 'tags', 'deprecated'],
  },
  parameter: { required: ['name', 'in', 'schema', 'required'], optional: ['description'] },
  requestBody: { required: ['content'], optional: ['description', 'required'] },
  response: { required: ['description'], optional: ['headers', 'content', 'links'] },
}

/** Each deviation of a part from what that part may hold. */
export function problemsOf(kind: string, part: Thing): string[] {
  const { required, optional } = fields[kind] ?? { required: [], optional: [] }
  const known = [...required, ...optional]
  return [
    ...required.filter((name) => !(name in part)).map((name) => `${kind}: no ${name}`),
    ...Object.keys(part)
      .filter((name) => !known.includes(name))
      .map((name) => `${kind}: strange ${name}`),
  ]
}

/** Where a value is not what the schema says, as paths into the value. */
export function mismatches(
  document: Thing,
  schema: Json | undefined,
  value: Json | undefined,
  at = '$',
): string[] {
  const { type, anyOf, oneOf, properties, additionalProperties, ...rest } = resolved(
    document,
    schema,
  )
  const choices = anyOf ?? oneOf
  if (Array.isArray(choices)) {
    const tried = choices.map((choice: Json) => mismatches(document, choice, value, at))
    return tried.some((wrong) => wrong.length === 0) ? [] : (tried[0] ?? [`${at} has no choice`])
  }
  if ('const' in rest) return rest.const === value ? [] : [`${at} is not ${rest.const}`]
  if (Array.isArray(rest.enum) && !rest.enum.includes(value ?? null)) return [`${at} is ${value}`]
  if (type !== typeOf(value, type)) return [`${at} is ${JSON.stringify(value)}, not ${type}`]
  if (Array.isArray(value)) {
    const items = (index: number) =>
      Array.isArray(rest.prefixItems) ? rest.prefixItems[index] : null
    return value.flatMap((item: Json, index: number) =>
      mismatches(document, items(index) ?? rest.items, item, `${at}[${index}]`),
    )
  }
  if (!isThing(value)) return []
  const missing = (Array.isArray(rest.required) ? rest.required : []).filter(
    (name: Json) => !(String(name) in value),
  )
  return [
    ...missing.map((name: Json) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const known = thing(properties)[name] ?? additionalProperties
      return isThing(known)
        ? mismatches(document, known, inner, `${at}.${name}`)
        : [`${at}.${name} is not described`]
    }),
  ]
}

function typeOf(value: Json | undefined, wanted: Json | undefined): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (wanted === 'integer' && Number.isInteger(value)) return 'integer'
  return typeof value
}
