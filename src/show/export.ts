/**
 * Writes the API's document for people and for tools that make clients: `node export.js docs/openapi.json`.
 * A tool of this repository; a server tells its own at /api/v1/openapi.json.
 */

import { writeFileSync } from 'node:fs'
import { admitLocal } from './admission.ts'
import { type ApiParts, createApi } from './api.ts'
import { documentOf } from './document.ts'

/** The text of `docs/openapi.json`. */
export async function documentText(): Promise<string> {
  const parts = {} as ApiParts // no route is called here, so none of them is used
  const text = JSON.stringify(await documentOf(createApi(parts, admitLocal)), null, 2)
  return `${text.replace(/^( *(?:"[^"]+": )?)\[\n\s+([^[\]{}]*?)\n\s+\](,?)$/gm, onOneLine)}\n`
}

/** Lists that fit, as the formatter of this repository writes them. */
function onOneLine(whole: string, before: string, items: string, comma: string): string {
  const line = `${before}[${items.replace(/\n\s+/g, ' ')}]${comma}`
  return line.length > 100 ? whole : line
}

const [, , target] = process.argv
if (import.meta.main && target !== undefined) writeFileSync(target, await documentText())
