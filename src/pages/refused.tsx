/** What was turned away lately, and why. Its senders were told nothing of the reason. */

import type { Config } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import type { Refusal } from '../record/store.ts'
import { like, upTo } from '../show/parameters.ts'
import { adviceOn, likePath } from '../show/refusal-advice.ts'
import { Layout } from './layout.tsx'
import { type Ask, BASE, hookAt, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'

const DAY_MS = 24 * 60 * 60 * 1000
const KINDS = 200
const aPath = like(/^\/.{0,200}$/su, 'a path, such as /hooks/blog')

export async function refusedPage(c: Ask, { store, hooks }: PagesParts): Promise<Response> {
  const days = queryValue(c, 'days', upTo(14)) ?? 1
  const path = queryValue(c, 'path', aPath)
  const now = Date.now()
  const { refusals, total } = await store.refusals({ since: now - days * DAY_MS, limit: KINDS })
  const shown = refusals.filter((one) => path === undefined || one.path === path)
  const config = hooks()
  const byPath = new Map([...config.hooks.values()].map((hook) => [hook.path, hook]))
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
          <a href={address(one, path)} aria-current={one === days ? 'true' : undefined}>
            {one === 1 ? 'a day' : `${one} days`}
          </a>
        ))}
        {path === undefined ? null : (
          <span>
            only at{' '}
            <code>
              <Plain text={path} />
            </code>{' '}
            <a href={address(days)}>everywhere</a>
          </span>
        )}
      </p>
      {shown.length === 0 ? (
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
            {shown.map((one) => (
              <Row refusal={one} byPath={byPath} config={config} now={now} />
            ))}
          </tbody>
        </table>
      )}
    </Layout>,
  )
}

interface RowProps {
  readonly refusal: Refusal
  readonly byPath: ReadonlyMap<string, Hook>
  readonly config: Config
  readonly now: number
}

function Row({ refusal, byPath, config, now }: RowProps) {
  const { count, reason, method, path, address, lastAt } = refusal
  return (
    <tr>
      <td class="number">{count}×</td>
      <td class="what">
        <Plain text={reason} />
        <Advice refusal={refusal} byPath={byPath} config={config} />
      </td>
      <td class="at">
        <code>
          <Plain text={`${method} ${path}`} />
        </code>
      </td>
      <td class="from">
        <Plain text={address} />
      </td>
      <td class="when">
        <When at={lastAt} now={now} />
      </td>
    </tr>
  )
}

/** What can be done about it, where somebody seems to have meant a hook; scanners mean none. */
function Advice({ refusal, byPath, config }: Omit<RowProps, 'now'>) {
  const { path } = refusal
  const hook = byPath.get(path)
  const advice = adviceOn(refusal, config)
  if (hook === undefined) {
    if (advice === null) return null
    const meant = byPath.get(likePath(path, config) ?? '')
    if (meant === undefined) return <span class="why">{advice}</span>
    return (
      <span class="why">
        Did it mean <code>{meant.path}</code>? <SetupLink hook={meant} />
      </span>
    )
  }
  return (
    <span class="why">
      {advice === null ? '' : `${advice} `}
      <SetupLink hook={hook} />
    </span>
  )
}

function SetupLink({ hook }: { hook: Hook }) {
  return <a href={`${hookAt(hook.name)}/setup`}>How {hook.name} is set up</a>
}

function address(days: number, path?: string): string {
  const query = new URLSearchParams({ days: String(days), ...(path && { path }) })
  return `${BASE}/refused?${query}`
}
