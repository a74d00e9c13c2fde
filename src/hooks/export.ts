/**
 * Writes the JSON Schema of the hooks file for editors: `node export.js docs/hooks.schema.json`. A tool
 * of this repository, which the server never loads.
 */

import { writeFileSync } from 'node:fs'
import { toJsonSchema } from '@valibot/to-json-schema'
import { hooksFile } from './schema.ts'
import { filters, patterns } from './schema-on.ts'
import { env, secrets } from './schema-parts.ts'

/** The text of `docs/hooks.schema.json`. */
export function schemaText(): string {
  const definitions = { patterns, filters, secrets, env }
  const schema = toJsonSchema(hooksFile, { typeMode: 'input', target: 'draft-07', definitions })
  const text = JSON.stringify(schema, allowVariables, 2)
  return `${text.replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, onOneLine)}\n`
}

/** `"${TIMEOUT}"` is a good duration to write: an editor must not underline it. Names hold no variables. */
function allowVariables(key: string, value: unknown): unknown {
  if (key === 'propertyNames' || typeof value !== 'object' || value === null) return value
  const pattern = 'pattern' in value && key !== 'properties' ? value.pattern : null
  return typeof pattern === 'string' ? { ...value, pattern: `${pattern}|\\$\\{` } : value
}

/** Short lists as the formatter of this repository writes them. */
function onOneLine(_: string, items: string): string {
  return `[${items.replace(/\n\s+/g, ' ')}]`
}

const [, , target] = process.argv
if (import.meta.main && target !== undefined) writeFileSync(target, schemaText())
