/** What was turned away lately, and why. Its senders were told nothing of the reason. */

import { upTo } from '../show/parameters.ts'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'

const DAY_MS = 24 * 60 * 60 * 1000
const KINDS = 200

export async function refusedPage(c: Ask, { store, hooks }: PagesParts): Promise<Response> {
  const days = queryValue(c, 'days', upTo(14)) ?? 1
  const now = Date.now()
  const { refusals, total } = await store.refusals({ since: now - days * DAY_MS, limit: KINDS })
  const paths = new Map([...hooks().hooks.values()].map((hook) => [hook.path, hook.name]))
  const frame = {
    title: 'Refused',
    place: 'refused' as const,
    visitor: c.get('visitor'),
    live: true,
  }
  return page(
    c,
    <Layout frame={frame}>
      <h1>Refused</h1>
      <p class="dim">
        Requests that proved nothing, or went to the wrong place: {total} in the last{' '}
        {days === 1 ? 'day' : `${days} days`}. Their senders got one and the same answer; the reason
        stands only here.
      </p>
      <p class="choices">
        {[1, 7, 14].map((one) => (
          <a href={`${BASE}/refused?days=${one}`} aria-current={one === days ? 'true' : undefined}>
            {one === 1 ? 'a day' : `${one} days`}
          </a>
        ))}
      </p>
      {refusals.length === 0 ? (
        <p>Nothing was refused.</p>
      ) : (
        <table class="list refusals">
          <thead>
            <tr>
              <th>Times</th>
              <th>Reason</th>
              <th>Where</th>
              <th>From</th>
              <th>Last</th>
            </tr>
          </thead>
          <tbody>
            {refusals.map((one) => (
              <tr>
                <td class="number">{one.count}×</td>
                <td class="reason">
                  <Plain text={one.reason} />
                </td>
                <td>
                  <span class="words">
                    <code>
                      <Plain text={`${one.method} ${one.path}`} />
                    </code>
                    <SetupLink hook={paths.get(one.path)} />
                  </span>
                </td>
                <td class="from">
                  <Plain text={one.address} />
                </td>
                <td class="when">
                  <When at={one.lastAt} now={now} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Layout>,
  )
}

function SetupLink({ hook }: { hook: string | undefined }) {
  if (hook === undefined) return null
  return <a href={`${BASE}/hooks/${hook}/setup`}>how it is set up</a>
}
