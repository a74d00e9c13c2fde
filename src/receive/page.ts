/**
 * The output of a run as a page for a browser: one file, no script, nothing from elsewhere. All that is
 * not ours stands in it as text.
 */

import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { formatDuration } from '../hooks/duration.ts'
import type { Ran } from './reply.ts'
import { visible } from './visible.ts'

const STYLE = `:root { color-scheme: light dark; --quiet: light-dark(#59636e, #9198a1); }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.25rem; }
h1 span { font-weight: normal; }
.good { color: light-dark(#1a7f37, #3fb950); }
.bad { color: light-dark(#cf222e, #f85149); }
p { margin: 0.25rem 0 1rem; color: var(--quiet); }
pre { margin: 0; padding: 1rem; overflow-x: auto; border-radius: 6px;
  background: light-dark(#f6f8fa, #151b23); font: 0.875rem/1.45 ui-monospace, monospace; }
`

const HASH = createHash('sha256').update(STYLE).digest('base64')

export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Of an output so much is shown, in bytes of it and in characters of the page. More no browser shows well. */
const MOST_SHOWN = 256 * 1024

const pages = new WeakMap<Ran, { readonly made: Promise<string>; bytes: number }>()

/** Made once, however many callers are shown the same run. */
export function pageOf(ran: Ran): Promise<string> {
  const known = pages.get(ran)
  if (known) return known.made
  const made = makePage(ran).then((text) => {
    page.bytes = 2 * text.length
    return text
  })
  const page = { made, bytes: 0 }
  pages.set(ran, page)
  return made
}

/** Memory that the page of a run takes; 0 while nobody has asked for it. */
export function pageBytes(ran: Ran): number {
  return pages.get(ran)?.bytes ?? 0
}

async function makePage({ run, end, output }: Ran): Promise<string> {
  const good = end.status === 'success'
  const { text, left } = endOf(output)
  const status = end.status.replaceAll('_', ' ')
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${run.hook}: ${status}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>${run.hook} <span class="${good ? 'good' : 'bad'}">${good ? '✓' : '✗'} ${status}</span></h1>
<p>${factsOf({ run, end, output }).join(' · ')}</p>
${end.reason === null ? '' : html`<p class="bad">${visible(end.reason)}</p>`}
${left === 0 ? '' : html`<p>The first ${left} bytes are not shown here. curl gets all of it, as text.</p>`}
<pre>${text === '' ? 'The command wrote nothing.' : text}</pre>
</body>
</html>
`
  return String(await page)
}

/** The end of an output as text, and how many bytes before it are left out. Names of characters are long. */
function endOf(output: Uint8Array): { text: string; left: number } {
  for (let most = MOST_SHOWN; ; most = Math.floor(most / 2)) {
    const left = startOf(output, output.length - most)
    const text = visible(new TextDecoder().decode(output.subarray(left)))
    if (text.length <= MOST_SHOWN) return { text, left }
  }
}

/** At the beginning of a character (UTF-8), which is no more than three bytes on. */
function startOf(output: Uint8Array, from: number): number {
  if (from <= 0) return 0
  const rest = output.subarray(from, from + 4)
  const first = rest.findIndex((byte) => (byte & 0xc0) !== 0x80)
  return from + Math.max(0, first)
}

function factsOf({ run, end }: Ran): string[] {
  const { startedAt, finishedAt } = run
  const took = startedAt === null || finishedAt === null ? null : finishedAt - startedAt
  return [
    `run #${run.id}`,
    ...(end.exitCode === null ? [] : [`exit code ${end.exitCode}`]),
    ...(end.signal === null ? [] : [end.signal]),
    ...(startedAt === null ? [] : [`${new Date(startedAt).toISOString().slice(0, 19)}Z`]),
    ...(took === null ? [] : [`took ${formatDuration(took)}`]),
    ...(end.outputCut > 0 ? [`${end.outputCut} bytes of the middle were cut`] : []),
  ]
}
