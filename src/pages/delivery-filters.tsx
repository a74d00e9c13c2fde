/** What the list of deliveries is narrowed by. It stands in the address, so a view can be sent to somebody else. */

import type { Hook } from '../model/hook.ts'
import { outcomes } from '../record/store.ts'
import { deliveryFilters, type Wanted } from '../show/find-deliveries.ts'
import { allowedSince, since } from '../show/since.ts'
import { Icon } from './icons.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { queryValue } from './render.tsx'
import { sinceText } from './since-text.ts'

export interface DeliveryFilter {
  readonly hook: string | undefined
  readonly outcome: (typeof outcomes)[number] | undefined
  readonly event: string | undefined
  readonly repository: string | undefined
  readonly branch: string | undefined
  readonly since: string | undefined
}

const words = { ran: 'ran', nothing: 'ran nothing', problem: 'cannot be used' } as const

export function deliveryFilterOf(c: Ask): DeliveryFilter {
  return {
    hook: queryValue(c, 'hook', deliveryFilters.hook),
    outcome: queryValue(c, 'outcome', deliveryFilters.outcome),
    event: queryValue(c, 'event', deliveryFilters.event),
    repository: queryValue(c, 'repository', deliveryFilters.repository),
    branch: queryValue(c, 'branch', deliveryFilters.branch),
    since: queryValue(c, 'since', sinceText),
  }
}

/** `hook`: the one that is asked for, where the hooks file still has it. */
export function wantedOf(filter: DeliveryFilter, hook: Hook | undefined): Wanted {
  const { branch, since: text, ...same } = filter
  return { ...same, path: hook?.path, refName: branch, since: since.read(text ?? '') }
}

export function isFiltered(filter: DeliveryFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined)
}

/** Those of the file in its order, then those that are gone and have runs, and whatever the address asks for. */
export async function hooksToChoose(
  { hooks, store }: PagesParts,
  { hook }: Pick<DeliveryFilter, 'hook'>,
): Promise<string[]> {
  const asked = hook === undefined ? [] : [hook]
  return [...new Set([...hooks().hooks.keys(), ...(await store.hooksWithRuns()), ...asked])]
}

export function addressOf(filter: Partial<DeliveryFilter>, before?: number): string {
  const asked = Object.entries({ ...filter, before: before?.toString() })
  const query = new URLSearchParams()
  for (const [key, value] of asked) if (value) query.set(key, value)
  return query.size > 0 ? `${BASE}/deliveries?${query}` : `${BASE}/deliveries`
}

export function DeliveryFilters(props: { filter: DeliveryFilter; hooks: readonly string[] }) {
  const { filter, hooks } = props
  return (
    <form class="filters" method="get" action={`${BASE}/deliveries`}>
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
        Outcome
        <select name="outcome">
          <option value="">any</option>
          {outcomes.map((one) => (
            <option value={one} selected={one === filter.outcome}>
              {words[one]}
            </option>
          ))}
        </select>
      </label>
      <Field label="Event" name="event" size={10} value={filter.event} />
      <Field label="Repository" name="repository" size={14} value={filter.repository} />
      <Field label="Branch or tag" name="branch" size={12} value={filter.branch} />
      <Field label="Since" name="since" size={11} value={filter.since} title={allowedSince} />
      <button type="submit">
        <Icon name="search" /> Show
      </button>
      {isFiltered(filter) ? <a href={`${BASE}/deliveries`}>All deliveries</a> : null}
    </form>
  )
}

interface FieldProps {
  readonly label: string
  readonly name: string
  readonly size: number
  readonly value: string | undefined
  readonly title?: string
}

function Field({ label, value = '', ...rest }: FieldProps) {
  return (
    <label>
      {label}
      <input {...rest} value={value} placeholder="any" />
    </label>
  )
}
