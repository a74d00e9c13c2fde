/** Who did what, and whether it was done. For admins: it names everybody and from where they came. */

import type { AuditRow } from '../record/audit.ts'
import { id } from '../show/parameters.ts'
import { Icon } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'

const AT_ONCE = 50

export async function auditPage(c: Ask, { audit }: PagesParts): Promise<Response> {
  const before = queryValue(c, 'before', id)
  const found = await audit.list({ before, limit: AT_ONCE + 1 })
  const rows = found.slice(0, AT_ONCE)
  const next = found.length > AT_ONCE ? rows.at(-1)?.id : undefined
  const frame = {
    title: 'Audit log',
    place: 'audit' as const,
    visitor: c.get('visitor'),
    live: before === undefined,
  }
  return page(
    c,
    <Layout frame={frame}>
      <h1>Audit log</h1>
      <p class="dim">
        Who signed in, pressed a button or changed something, here, by the API or on the command
        line. A row is only ever added, and none is older than 400 days.
      </p>
      {rows.length === 0 ? <p>Nothing is on record yet.</p> : <Rows rows={rows} />}
      <nav class="paging" aria-label="More of the log">
        {before === undefined ? null : <a href={`${BASE}/audit`}>The newest</a>}
        {next === undefined ? null : <a href={`${BASE}/audit?before=${next}`}>Older rows</a>}
      </nav>
    </Layout>,
  )
}

function Rows({ rows }: { rows: readonly AuditRow[] }) {
  const now = Date.now()
  return (
    <table class="list audit">
      <thead>
        <tr>
          <th>When</th>
          <th>Who</th>
          <th>By</th>
          <th>From</th>
          <th>What</th>
          <th>Of</th>
          <th>Outcome</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr data-key={row.id}>
            <td class="when">
              <When at={row.at} now={now} />
            </td>
            <td>
              <b>
                <Plain text={row.who === '' ? 'somebody' : row.who} />
              </b>
            </td>
            <td class="by">{row.via}</td>
            <td class="from">
              <Plain text={row.address === '' ? 'this machine' : row.address} />
            </td>
            <td>
              <code>{row.what}</code>
            </td>
            <td>
              <About object={row.object} />
            </td>
            <td>
              <Outcome outcome={row.outcome} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const pages: readonly (readonly [RegExp, string])[] = [
  [/^run #(\d{1,15})$/, 'runs'],
  [/^delivery #(\d{1,15})$/, 'deliveries'],
  [/^hook ([a-z0-9-]{1,63})$/, 'hooks'],
]

/** What has a page of its own leads there. */
function About({ object }: { object: string }) {
  for (const [form, place] of pages) {
    const [, which] = form.exec(object) ?? []
    if (which !== undefined) return <a href={`${BASE}/${place}/${which}`}>{object}</a>
  }
  return <Plain text={object} />
}

function Outcome({ outcome }: { outcome: string }) {
  const done = outcome === 'ok'
  return (
    <span class={`status s-${done ? 'success' : 'failure'}`}>
      <Icon name={done ? 'success' : 'failure'} />
      {done ? 'done' : <Plain text={outcome} />}
    </span>
  )
}
