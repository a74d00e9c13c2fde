/**
 * `runhook deliveries`: what arrived, newest first; with an ID one delivery and its verdicts; with
 * --refused what was turned away.
 */

import { RunhookError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import type { DeliverySummary, DeliveryView, Page } from '../show/views.ts'
import { ago } from '../show/when.ts'
import { type Client, query } from './client.ts'
import { deliveryPage } from './delivery-page.ts'
import { waitingLines } from './fleet.ts'
import { refuseUnknownHook } from './known-hook.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { listRefused, tellOfRefused } from './refused.ts'
import { shortSha } from './run-words.ts'
import { type Cell, type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface Wanted {
  readonly hook?: string
  readonly outcome?: string
  readonly event?: string
  readonly repository?: string
  readonly branch?: string
  readonly since?: string
}

export interface DeliveriesOptions extends PlaceOptions, Wanted {
  readonly limit: number
  readonly refused?: boolean
  readonly json?: boolean
}

export async function deliveries(
  id: number | undefined,
  options: DeliveriesOptions,
  terminal: Terminal,
): Promise<number> {
  if (options.refused && id !== undefined) {
    throw new RunhookError('usage', 'What was refused is not kept, only counted: it has no id.', {
      hint: 'Leave the id out, or --refused.',
    })
  }
  if (isFiltered(options) && (options.refused || id !== undefined)) {
    throw new RunhookError(
      'usage',
      '--hook, --outcome, --event, --repository, --branch and --since narrow the list of deliveries, and nothing else.',
      { hint: 'Leave them out, or the id or --refused.' },
    )
  }
  const client = await connect(options, terminal)
  if (options.refused) return listRefused(client, options, terminal)
  if (id === undefined) {
    const page = await found(client, options)
    if (page.deliveries.length === 0 && options.hook !== undefined)
      await refuseUnknownHook(client, options.hook)
    await list(page, options, terminal)
    if (!options.json) await tellOfRefused(client, terminal)
    return 0
  }
  const delivery = await client.get<DeliveryView>(`/deliveries/${id}`)
  if (options.json) {
    await terminal.out.write(`${printableJson(delivery)}\n`)
    return 0
  }
  await terminal.out.write(deliveryPage(delivery, terminal))
  if (delivery.runs.length > 0) {
    const { runs } = await client.get<Page<'runs', Run>>(`/runs${query({ delivery: id })}`)
    for (const line of await waitingLines(client, runs)) await terminal.talk.write(`${line}\n`)
  }
  return 0
}

/** A page of the server goes only so far back: they are asked for until there are enough, or no more. */
async function found(client: Client, options: DeliveriesOptions): Promise<Listed> {
  const { hook, outcome, event, repository, branch, since, limit } = options
  const wanted = { hook, outcome, event, repository, branch, since }
  const all: DeliverySummary[] = []
  let before: number | undefined
  for (;;) {
    const asked = query({ ...wanted, before, limit: limit - all.length })
    const { deliveries, next } = await client.get<Listed>(`/deliveries${asked}`)
    all.push(...deliveries)
    if (next === null || all.length >= limit) return { deliveries: all, next }
    before = next
  }
}

type Listed = Page<'deliveries', DeliverySummary>

const columns: readonly Column[] = [
  { title: 'DELIVERY' },
  { title: 'RECEIVED' },
  { title: 'HOST' },
  { title: 'EVENT', least: 8 },
  { title: 'REPOSITORY', least: 10 },
  { title: 'COMMIT' },
  { title: 'RESULT', least: 10 },
]

async function list(page: Listed, options: DeliveriesOptions, terminal: Terminal): Promise<void> {
  if (options.json) {
    await terminal.out.write(`${printableJson(page)}\n`)
    return
  }
  if (page.deliveries.length === 0 && isFiltered(options)) {
    await terminal.talk.write('No delivery is like this. "runhook deliveries" lists all.\n')
    return
  }
  if (page.deliveries.length === 0) {
    await terminal.talk.write('No deliveries yet. Try one with "runhook send HOOK".\n')
    return
  }
  const rows = page.deliveries.map((delivery) => rowOf(delivery, terminal.now()))
  await terminal.out.write(renderTable(columns, rows, terminal.out))
}

function isFiltered({ hook, outcome, event, repository, branch, since }: Wanted): boolean {
  return [hook, outcome, event, repository, branch, since].some((value) => value !== undefined)
}

function rowOf(delivery: DeliverySummary, now: number): Row {
  const { icon, result } = resultOf(delivery)
  return {
    icon,
    cells: [
      `#${delivery.id}`,
      ago(delivery.receivedAt, now),
      delivery.host,
      whatOf(delivery),
      printable(delivery.repository ?? pathOf(delivery)),
      shortSha(delivery.updates[0]?.sha ?? null),
      printable(result),
    ],
  }
}

/** Of a plain URL; what was started by hand came in nowhere. */
function pathOf({ endpoint }: DeliverySummary): string {
  return endpoint.startsWith('/') ? endpoint : ''
}

/** `push main`, `tag v1.0.0`; Bitbucket may say several things at once: `push main +1`. */
export function whatOf(delivery: DeliverySummary): string {
  const [first, ...more] = delivery.updates
  const name = first?.tag ?? first?.baseBranch ?? first?.branch
  const parts = [first?.event || delivery.event, name, more.length > 0 ? `+${more.length}` : null]
  return printable(parts.filter((part) => part != null).join(' '))
}

function resultOf(delivery: DeliverySummary): { icon: Cell; result: string } {
  const { runs, problem, duplicateOf, matched } = delivery
  if (problem !== null) return { icon: { text: '✗', format: 'red' }, result: problem }
  if (runs.length > 0) {
    const started = runs.map((run) => `#${run}`).join(', ')
    return { icon: { text: '✓', format: 'green' }, result: `run ${started}` }
  }
  const icon: Cell = { text: '·', format: 'dim' }
  if (duplicateOf !== null) return { icon, result: `repeats #${duplicateOf}` }
  return { icon, result: matched.length > 0 ? 'held back' : 'ignored' }
}
