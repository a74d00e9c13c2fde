/**
 * What pages load: the style sheet, the scripts, the pictures of the tab. Read once, and named by a hash of
 * all of it, so browsers may keep them for good and never mix two releases.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { favicon, moods } from './icons.tsx'
import { BASE } from './parts.ts'

interface Asset {
  readonly type: string
  readonly text: string
}

/** From source (in tests) the built scripts are taken: browsers read no TypeScript. */
const folder = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/pages/' : './',
  import.meta.url,
)

const assets: ReadonlyMap<string, Asset> = new Map([
  ['style.css', file('style.css', 'text/css')],
  ...[
    ...['theme.js', 'cut-off.js', 'connection.js', 'page.js', 'clock.js'],
    ...['lines.js', 'log.js', 'search.js', 'find.js', 'paths.js'],
  ].map((name) => [name, file(`client/${name}`, 'text/javascript')] as const),
  ['when.js', file('../show/when.js', 'text/javascript')], // clock.js says times in the same words
  ...moods.map((mood) => [`${mood}.svg`, { type: 'image/svg+xml', text: favicon(mood) }] as const),
])

const hash = hashOf([...assets.values()].map(({ text }) => text).join('\0'))

export function asset(name: string): string {
  if (!assets.has(name)) throw new Error(`There is no asset ${name}.`)
  return `${BASE}/assets/${hash}/${name}`
}

/** Null where there is none of this name, or it is of another release. */
export function assetAnswer(wanted: string, name: string): Response | null {
  const found = wanted === hash ? assets.get(name) : undefined
  if (!found) return null
  return new Response(found.text, {
    headers: {
      'content-type': `${found.type}; charset=utf-8`,
      'cache-control': 'public, max-age=31536000, immutable',
    },
  })
}

function file(name: string, type: string): Asset {
  return { type, text: readFileSync(new URL(name, folder), 'utf8') }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
