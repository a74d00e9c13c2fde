/**
 * Keys of a hooks file that nobody knows, each with the word that was probably meant. A walk of our own
 * beside the schema, because valibot reports one unknown key for each object and takes lists for objects.
 */

import type { GenericSchema } from 'valibot'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import { listed, suggest } from './suggest.ts'

/** Reports unknown keys and takes them out of the value; refuses lists where an object is wanted. */
export function checkKeys(schema: GenericSchema, value: unknown, report: Report): void {
  // A schema's type does not show its parts; every valibot schema has these, as its documentation says.
  visit(schema as unknown as Shape, value, [], report)
}

/** What a valibot schema looks like from outside. */
interface Shape {
  readonly type: string
  readonly message?: unknown
  readonly entries?: Readonly<Record<string, Shape>>
  readonly rest?: Shape
  readonly wrapped?: Shape
  readonly options?: readonly Shape[]
  readonly item?: Shape
  readonly value?: Shape
}

function visit(outer: Shape, value: unknown, path: Path, report: Report): void {
  if (typeof value !== 'object' || value === null) return
  const shape = shapeFor(outer, value)
  if (shape === null) return
  if (Array.isArray(value)) {
    if (shape.item === undefined) refuseList(shape, path, report)
    else
      for (const [index, item] of value.entries()) visit(shape.item, item, [...path, index], report)
    return
  }
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key]
    const entry = entryOf(shape, key)
    if (entry !== null) visit(entry, inner, here, report)
    else if (shape.type === 'strict_object') refuseKey(shape, value, here, report)
  }
}

/** Through optional and nullable; of a union, the option that takes values of this kind. */
function shapeFor(shape: Shape, value: object): Shape | null {
  if (shape.wrapped !== undefined) return shapeFor(shape.wrapped, value)
  if (shape.options === undefined) return isContainer(shape) ? shape : null
  const options = shape.options.flatMap((option) => {
    const found = typeof option === 'object' ? shapeFor(option, value) : null
    return found === null ? [] : [found]
  })
  const lists = Array.isArray(value)
  const fitting = options.find((option) => (option.item !== undefined) === lists)
  if (fitting !== undefined || !lists || options.length === 0) return fitting ?? null
  return { ...shape, type: 'none', options: [] }
}

function isContainer(shape: Shape): boolean {
  return [shape.entries, shape.rest, shape.item, shape.value].some((part) => part !== undefined)
}

function entryOf(shape: Shape, key: string): Shape | null {
  const { entries = {} } = shape
  if (Object.hasOwn(entries, key)) return entries[key] ?? null
  return shape.rest ?? shape.value ?? null
}

function refuseList(shape: Shape, path: Path, report: Report): void {
  report.refuse(path, `a list is not ${String(shape.message)}`)
}

function refuseKey(shape: Shape, value: object, path: Path, report: Report): void {
  const key = String(path.at(-1))
  const known = Object.keys(shape.entries ?? {})
  // "codeberg" is no slip for "forgejo", and no host is one for another.
  const meant = path[0] === 'hosts' && path.length === 2 ? null : suggest(key, known)
  report.error(path, 'unknown key', { at: 'key', hint: keyHint(path, key, meant, known) })
  if (meant !== null) report.meant([...path.slice(0, -1), meant])
  Reflect.deleteProperty(value, key)
}

function keyHint(
  path: Path,
  key: string,
  meant: string | null,
  known: readonly string[],
): string | null {
  if (path[0] === 'hooks' && path.length === 3 && (key === 'id' || key === 'name'))
    return `the hook's name is its key in the map: "${String(path[1])}"`
  if (key === 'if' && path[0] === 'hooks')
    return 'there is none: "on" and "match" say when a hook runs, a line of "run" can say [ … ] || exit 0'
  if (meant !== null) return `did you mean "${meant}"?`
  return known.length <= 10 ? `known here: ${listed(known, 'and')}` : null
}
