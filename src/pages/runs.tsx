/** All runs: filters stand in the address, so a view can be sent to somebody else. */

import { runStatuses } from '../model/run.ts'
import { branch, event, id, name, oneOf, who } from '../show/parameters.ts'
import { allowedSince, since } from '../show/since.ts'
import { hasEnded } from '../show/watch.ts'
import { worker } from '../show/workers.ts'
import { hooksToChoose } from './delivery-filters.tsx'
import { Icon } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import { RunTable } from './run-list.tsx'
import { sinceText } from './since-text.ts'
import { words } from './status.tsx'
import { titlesOf } from './titles.ts'
import { waitsOf } from './waits.ts'

const AT_ONCE = 50

interface Filter {
  readonly hook: string | undefined
  readonly status: (typeof runStatuses)[number] | undefined
  readonly event: string | undefined
  readonly branch: string | undefined
  readonly who: string | undefined
  /** Of a fleet. */
  readonly worker: string | undefined
  readonly since: string | undefined
}

export async function runsPage(c: Ask, parts: PagesParts): Promise<Response> {
  const filter: Filter = {
    hook: queryValue(c, 'hook', name),
    status: queryValue(c, 'status', oneOf(runStatuses)),
    event: queryValue(c, 'event', event),
    branch: queryValue(c, 'branch', branch),
    who: queryValue(c, 'who', who),
    worker: parts.fleet ? queryValue(c, 'worker', worker) : undefined,
    since: queryValue(c, 'since', sinceText),
  }
  const before = queryValue(c, 'before', id)
  const [found, hooks, workers] = await Promise.all([
    parts.store.runs({ ...filterOf(filter), before, limit: AT_ONCE + 1 }),
    hooksToChoose(parts, filter),
    workersToChoose(parts, filter),
  ])
  const runs = found.slice(0, AT_ONCE)
  const next = found.length > AT_ONCE ? runs.at(-1)?.id : undefined
  const now = Date.now()
  const frame = {
    title: 'Runs',
    place: 'runs' as const,
    visitor: c.get('visitor'),
    live: before === undefined,
    refresh: before === undefined && runs.some((run) => !hasEnded(run)),
  }
  return page(
    c,
    <Layout frame={frame}>
      <h1>Runs</h1>
      <Filters filter={filter} hooks={hooks} workers={workers} />
      {runs.length === 0 ? (
        <NoRun isFiltered={Object.values(filter).some((value) => value !== undefined)} />
      ) : (
        <RunTable
          runs={runs}
          parts={parts}
          now={now}
          waits={await waitsOf(parts, runs)}
          titles={await titlesOf(parts, runs)}
        />
      )}
      <nav class="paging" aria-label="More runs">
        {before === undefined ? null : <a href={address(filter)}>The newest</a>}
        {next === undefined ? null : <a href={address(filter, next)}>Older runs</a>}
      </nav>
    </Layout>,
  )
}

function filterOf({ branch, who, since: text, ...same }: Filter) {
  return { ...same, refName: branch, sender: who, since: since.read(text ?? '') }
}

/** Those that are known, and whichever the address asks for. */
async function workersToChoose({ fleet }: PagesParts, { worker }: Filter): Promise<string[]> {
  const known = (await fleet?.workers()) ?? []
  return [...new Set([...known.map(({ name }) => name), ...(worker === undefined ? [] : [worker])])]
}

function NoRun({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <p class="dim">No run is like this.</p>
  return (
    <p class="dim">
      Nothing has run yet. Why a delivery ran nothing is under{' '}
      <a href={`${BASE}/deliveries`}>Deliveries</a>.
    </p>
  )
}

interface Choices {
  readonly filter: Filter
  readonly hooks: readonly string[]
  /** None where the server is alone. */
  readonly workers: readonly string[]
}

function Filters({ filter, hooks, workers }: Choices) {
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  return (
    <form class="filters" method="get" action={`${BASE}/runs`}>
      <label>
        Hook
        <select name="hook">
          <option value="">any</option>
          {hooks.map((one) => (
            <option value={one} selected={one === filter.hook}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label>
        Status
        <select name="status">
          <option value="">any</option>
          {runStatuses.map((one) => (
            <option value={one} selected={one === filter.status}>
              {words[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Event
        <input name="event" value={filter.event ?? ''} size={10} placeholder="any" />
      </label>
      <label>
        Branch or tag
        <input name="branch" value={filter.branch ?? ''} size={14} placeholder="any" />
      </label>
      <label>
        Who
        <input name="who" value={filter.who ?? ''} size={10} placeholder="any" />
      </label>
      {workers.length === 0 ? null : (
        <label>
          On
          <select name="worker">
            <option value="">any</option>
            {workers.map((one) => (
              <option value={one} selected={one === filter.worker}>
                {one}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        Since
        <input
          name="since"
          value={filter.since ?? ''}
          size={11}
          placeholder="any"
          list="since-when"
          title={allowedSince}
        />
        <datalist id="since-when">
          {['12h', '1d', '7d', '30d'].map((one) => (
            <option value={one} />
          ))}
        </datalist>
      </label>
      <button type="submit">
        <Icon name="search" /> Show
      </button>
      {isFiltered ? <a href={`${BASE}/runs`}>All runs</a> : null}
    </form>
  )
}

function address(filter: Filter, before?: number): string {
  const asked = Object.entries({ ...filter, before: before?.toString() })
  const query = new URLSearchParams()
  for (const [key, value] of asked) if (value) query.set(key, value)
  return query.size > 0 ? `${BASE}/runs?${query}` : `${BASE}/runs`
}
