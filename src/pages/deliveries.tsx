/** All deliveries, newest first: what came, and what became of it. */

import { failuresOf } from '../hooks/verdict.ts'
import type { StoredDelivery, Verdict } from '../model/delivery.ts'
import { findDeliveries, LOOKED_AT } from '../show/find-deliveries.ts'
import { id } from '../show/parameters.ts'
import {
  addressOf,
  DeliveryFilters,
  deliveryFilterOf,
  hooksToChoose,
  isFiltered,
  wantedOf,
} from './delivery-filters.tsx'
import { Icon } from './icons.tsx'
import { Layout } from './layout.tsx'
import { type Ask, BASE, type PagesParts } from './parts.ts'
import { page, queryValue } from './render.tsx'
import { When } from './times.tsx'
import { Plain } from './visible.tsx'

const AT_ONCE = 50

export async function deliveriesPage(c: Ask, parts: PagesParts): Promise<Response> {
  const filter = deliveryFilterOf(c)
  const before = queryValue(c, 'before', id)
  const hook = parts.hooks().hooks.get(filter.hook ?? '')
  const [{ deliveries, next, isCut }, hooks] = await Promise.all([
    findDeliveries(parts.store, wantedOf(filter, hook), { before, limit: AT_ONCE }),
    hooksToChoose(parts, filter),
  ])
  const frame = {
    title: 'Deliveries',
    place: 'deliveries' as const,
    visitor: c.get('visitor'),
    live: before === undefined,
  }
  const older = next === null ? null : addressOf(filter, next)
  return page(
    c,
    <Layout frame={frame}>
      <h1>Deliveries</h1>
      <DeliveryFilters filter={filter} hooks={hooks} />
      {deliveries.length > 0 ? (
        <DeliveryTable deliveries={deliveries} of={filter.hook} />
      ) : (
        <NoDelivery isFiltered={isFiltered(filter)} isCut={isCut} before={before} />
      )}
      <nav class="paging" aria-label="More deliveries">
        {before === undefined ? null : <a href={addressOf(filter)}>The newest</a>}
        {older === null ? null : (
          <a href={older}>{isCut ? `Look at those before #${next}` : 'Older deliveries'}</a>
        )}
      </nav>
    </Layout>,
  )
}

interface NoneProps {
  readonly isFiltered: boolean
  readonly isCut: boolean
  readonly before: number | undefined
}

function NoDelivery({ isFiltered, isCut, before }: NoneProps) {
  if (isFiltered) {
    const where = before === undefined ? 'newest' : `ones before #${before}`
    return (
      <p class="dim">
        {isCut
          ? `None of the ${LOOKED_AT.toLocaleString('en')} ${where} is like this.`
          : 'No delivery is like this.'}{' '}
        <a href={`${BASE}/deliveries`}>All deliveries</a>
      </p>
    )
  }
  if (before !== undefined) return <p class="dim">There are no older ones.</p>
  return (
    <p class="dim">
      Nothing has come in yet. What was turned away is under <a href={`${BASE}/refused`}>Refused</a>
      .
    </p>
  )
}

interface TableProps {
  readonly deliveries: readonly StoredDelivery[]
  /** Only what became of them by this hook. */
  readonly of: string | undefined
}

function DeliveryTable({ deliveries: listed, of }: TableProps) {
  const isOwn = ({ hook }: Verdict) => of === undefined || hook === of
  const deliveries = listed.map((one) => ({ ...one, verdicts: one.verdicts.filter(isOwn) }))
  const now = Date.now()
  return (
    <table class="list">
      <thead>
        <tr>
          <th>Delivery</th>
          <th>Outcome</th>
          <th>What</th>
          <th>By</th>
          <th>At</th>
          <th>When</th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => (
          <tr data-key={delivery.id}>
            <td>
              <a class="number" href={`${BASE}/deliveries/${delivery.id}`}>
                #{delivery.id}
              </a>
            </td>
            <td>
              <Became delivery={delivery} />
            </td>
            <td class="what">
              <span class="words">
                <What delivery={delivery} />
              </span>
              <Why delivery={delivery} />
            </td>
            <td class="by">
              <Plain text={delivery.sender ?? ''} />
            </td>
            <td class="at">
              <code>
                <Plain text={delivery.endpoint === 'cli' ? 'by hand' : delivery.endpoint} />
              </code>
            </td>
            <td class="when">
              <When at={delivery.receivedAt} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** What a person wants to know first: did it run anything, and if not, who said no. */
export function Became({ delivery }: { delivery: StoredDelivery }) {
  const runs = delivery.verdicts.flatMap(({ run }) => run ?? [])
  const [first] = runs
  if (delivery.problem !== null) return <Outcome look="failure" says="cannot be used" />
  if (first !== undefined)
    return (
      <Outcome look="success" says={runs.length === 1 ? `run #${first}` : `${runs.length} runs`} />
    )
  const isRepeat = delivery.duplicateOf !== null
  if (isRepeat) return <Outcome look="cancelled" says={`repeats #${delivery.duplicateOf}`} />
  return <Outcome look="cancelled" says="ran nothing" />
}

/** Of the hook that came nearest to running: what stood against it. */
function Why({ delivery }: { delivery: StoredDelivery }) {
  const { verdicts, problem } = delivery
  if (problem !== null)
    return (
      <span class="why">
        <Plain text={problem} />
      </span>
    )
  if (verdicts.some(({ run }) => run !== null)) return null
  const held = ({ checks }: Verdict) => checks.filter(({ result }) => result !== 'fail').length
  const [nearest] = verdicts.toSorted((a, b) => held(b) - held(a))
  const failures = nearest ? failuresOf(nearest) : []
  if (!nearest || !failures[0]) return null
  const says = failures.map((check) => check.says).join('; ')
  return (
    <span class="why">
      <Plain text={`${nearest.hook}: ${failures[0].rule}, ${says}`} />
    </span>
  )
}

function Outcome({ look, says }: { look: 'success' | 'failure' | 'cancelled'; says: string }) {
  return (
    <span class={`status s-${look}`}>
      <Icon name={look === 'cancelled' ? 'cancelled' : look === 'success' ? 'arrow' : look} />
      {says}
    </span>
  )
}

export function What({ delivery }: { delivery: StoredDelivery }) {
  const { event, repository, updates } = delivery
  const [first] = updates
  const ref = first?.tag ?? first?.branch
  return (
    <>
      <Plain text={first?.event || event} />
      {repository === null ? null : (
        <span class="repo">
          <Plain text={repository} />
        </span>
      )}
      {ref == null ? null : (
        <b>
          <Plain text={ref} />
        </b>
      )}
      {first?.sha == null ? null : <code>{first.sha.slice(0, 7)}</code>}
      {updates.length > 1 ? <span class="dim">and {updates.length - 1} more</span> : null}
    </>
  )
}
