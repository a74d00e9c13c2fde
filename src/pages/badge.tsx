/** How a hook's last run ended, as a picture for a README. */

import type { RunStatus } from '../model/run.ts'
import type { PagesParts } from './parts.ts'
import { words } from './status.tsx'
import { plain } from './visible.tsx'

/** Of the latest run that has ended: a badge that blinks while something runs tells less. */
export async function badgeOf(
  { store }: Pick<PagesParts, 'store'>,
  hook: string,
): Promise<{ status: RunStatus | null }> {
  const runs = await store.runs({ hook, limit: 20 })
  const counts = ['success', 'failure', 'timed_out', 'interrupted']
  return { status: runs.find((run) => counts.includes(run.status))?.status ?? null }
}

const colours: Readonly<Partial<Record<RunStatus, string>>> = {
  success: '#1a7f42',
  failure: '#c02c30',
  timed_out: '#9a5b00',
  interrupted: '#9a5b00',
}

/** Widths by the count of letters: the picture has no font to measure. */
const LETTER = 6.6
const PAD = 8

/** What is for visitors alone neither a cache between nor a page of another site may have; what is not, each may. */
const audience = {
  public: {
    'cache-control': 'no-cache, max-age=0',
    'cross-origin-resource-policy': 'cross-origin',
  },
  visitors: {
    'cache-control': 'private, no-store',
    'cross-origin-resource-policy': 'same-origin',
  },
} as const

export function badgeAnswer(
  named: string,
  status: RunStatus | null,
  to: keyof typeof audience,
): Response {
  const word = status === null ? 'no run yet' : words[status]
  const hook = asXml(named)
  const [left, right] = [named, word].map((text) => Math.ceil(text.length * LETTER + 2 * PAD))
  const width = (left ?? 0) + (right ?? 0)
  const colour = (status && colours[status]) ?? '#6a7280'
  const text = (x: number, length: number, says: string) =>
    `<text x="${x}" y="14" textLength="${length}" lengthAdjust="spacingAndGlyphs">${says}</text>`
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${hook}: ${word}">` +
    `<title>${hook}: ${word}</title><clipPath id="r"><rect width="${width}" height="20" rx="4"/></clipPath>` +
    `<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#3b424d"/>` +
    `<rect x="${left}" width="${right}" height="20" fill="${colour}"/></g>` +
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">' +
    text(PAD, (left ?? 0) - 2 * PAD, hook) +
    text((left ?? 0) + PAD, (right ?? 0) - 2 * PAD, word) +
    '</g></svg>'
  return new Response(svg, {
    headers: {
      'content-type': 'image/svg+xml; charset=utf-8',
      ...audience[to],
      // Opened by itself a picture is a page, at the address of this server.
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    },
  })
}

/** Names of hooks need none of it; what they may be is for another room to say. */
function asXml(text: string): string {
  return plain(text)
    .replace(/[<>&"']/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(/[\t\n\ufffe\uffff]/g, ' ')
}
