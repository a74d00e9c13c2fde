/** `runhook workers`: who carries out runs, how each stands, and what each has; and forgetting one. */

import type { Deployed, Worker } from '../postgres/contract.ts'
import type { WorkersView } from '../show/views.ts'
import { ago } from '../show/when.ts'
import { ALONE } from './fleet.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { shortSha, signOf } from './run-words.ts'
import { type Cell, type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface WorkerOptions extends PlaceOptions {
  readonly json?: boolean
}

export interface WorkersOptions extends WorkerOptions {
  readonly deployed?: boolean
}

export async function workers(
  { deployed, json, ...place }: WorkersOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const view = await client.get<WorkersView>('/workers')
  const has = deployed
    ? await client.get<{ deployed: readonly Deployed[] }>('/workers/deployed')
    : null
  if (json) await terminal.out.write(`${printableJson({ ...view, ...has })}\n`)
  else if (view.alone) await terminal.talk.write(`${ALONE}\n`)
  else {
    await tell(view.workers, terminal)
    if (has) await tellDeployed(has.deployed, terminal)
  }
  return 0
}

export async function removeWorker(
  name: string,
  { json, ...place }: WorkerOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const removed = await client.delete<{ removed: string }>(`/workers/${encodeURIComponent(name)}`)
  const said = `${printable(name)} is forgotten: no more runs wait for it.`
  await terminal.out.write(json ? `${printableJson(removed)}\n` : `${said}\n`)
  return 0
}

const columns: readonly Column[] = [
  { title: 'WORKER' },
  { title: 'LABELS', least: 8 },
  { title: 'STATE' },
  { title: 'SEEN' },
  { title: 'RUNNING' },
  { title: 'WAITING' },
  { title: 'VERSION', least: 5 },
  { title: 'HOST', least: 6 },
]

async function tell(list: readonly Worker[], { out, talk, now }: Terminal): Promise<void> {
  const rows = list.map((worker) => rowOf(worker, now()))
  if (rows.length > 0) await out.write(renderTable(columns, rows, out))
  else await talk.write('No worker has registered yet. Start one with "runhook worker".\n')
}

function rowOf(worker: Worker, now: number): Row {
  return {
    icon: signs[worker.state],
    cells: [
      printable(worker.name),
      printable(worker.labels.join(', ')),
      { text: worker.state, ...(worker.state === 'lost' && { format: 'red' }) },
      ago(worker.seenAt, now),
      `${worker.running} of ${worker.slots}`,
      worker.waiting === 0 ? '' : String(worker.waiting),
      printable(worker.version),
      printable(worker.host),
    ],
  }
}

const signs: Readonly<Record<Worker['state'], Cell>> = {
  alive: { text: '✓', format: 'green' },
  lost: { text: '✗', format: 'red' },
  stopped: { text: '·', format: 'dim' },
}

/** What it has is the last that succeeded; what was tried last may be something else. */
const deployedColumns: readonly Column[] = [
  { title: 'WORKER' },
  { title: 'HOOK', least: 12 },
  { title: 'HAS' },
  { title: 'LAST' },
  { title: 'COMMIT' },
  { title: 'REF', least: 6 },
  { title: 'ENDED' },
  { title: 'RUN' },
]

async function tellDeployed(list: readonly Deployed[], terminal: Terminal): Promise<void> {
  const { out, talk } = terminal
  if (list.length === 0) {
    await talk.write('No run has ended on any of them yet.\n')
    return
  }
  const rows = list.map((one) => deployedRow(one, terminal.now()))
  await out.write(`\n${renderTable(deployedColumns, rows, out)}`)
}

function deployedRow(one: Deployed, now: number): Row {
  const sign = signOf(one)
  return {
    icon: sign,
    cells: [
      printable(one.worker),
      one.hook,
      shortSha(one.successSha) || 'nothing',
      { text: one.status, format: sign.format },
      shortSha(one.sha),
      printable(one.refName ?? ''),
      ago(one.finishedAt, now),
      `#${one.run}`,
    ],
  }
}
