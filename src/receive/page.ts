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

export async function pageOf({ run, end, output }: Ran): Promise<string> {
  const good = end.status === 'success'
  const text = visible(new TextDecoder().decode(output))
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
<pre>${text === '' ? 'The command wrote nothing.' : text}</pre>
</body>
</html>
`
  return String(await page)
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
