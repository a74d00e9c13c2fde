/** `runhook runs`: what ran lately, newest first. */

import type { Run } from '../model/run.ts'
import type { Page } from '../show/views.ts'
import { ago } from '../show/when.ts'
import { query } from './client.ts'
import { waitingLines } from './fleet.ts'
import { refuseUnknownHook } from './known-hook.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { durationOf, eventOf, shortSha, signOf, statusOf } from './run-words.ts'
import { type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface RunsOptions extends PlaceOptions {
  readonly hook?: string
  readonly status?: string
  readonly worker?: string
  readonly limit: number
  readonly json?: boolean
}

/** `named` is the hook, as an argument. */
export async function runs(
  named: string | undefined,
  options: RunsOptions,
  terminal: Terminal,
): Promise<number> {
  const { hook = named, status, worker, limit } = options
  const client = await connect(options, terminal)
  const page = await client.get<Page<'runs', Run>>(`/runs${query({ hook, status, worker, limit })}`)
  if (options.json) await terminal.out.write(`${printableJson(page)}\n`)
  else if (page.runs.length > 0) {
    await terminal.out.write(table(page.runs, terminal))
    const waiting = await waitingLines(client, page.runs)
    for (const line of waiting) await terminal.talk.write(`${line}\n`)
  } else {
    if (hook !== undefined) await refuseUnknownHook(client, hook)
    await terminal.talk.write(`${nothing(hook, status, worker)}\n`)
  }
  return 0
}

const columns: readonly Column[] = [
  { title: 'RUN' },
  { title: 'HOOK', least: 16 },
  { title: 'STATUS' },
  { title: 'EVENT', least: 8 },
  { title: 'COMMIT' },
  { title: 'STARTED' },
  { title: 'TOOK' },
]

function table(list: readonly Run[], terminal: Terminal): string {
  const now = terminal.now()
  const rows = list.map((run) => rowOf(run, now))
  if (list.every(({ worker }) => worker === null)) return renderTable(columns, rows, terminal.out)
  const shown = rows.map((row, index) => {
    return { ...row, cells: [...row.cells, printable(list[index]?.worker ?? '')] }
  })
  return renderTable([...columns, { title: 'WORKER', least: 6 }], shown, terminal.out)
}

function rowOf(run: Run, now: number): Row {
  const sign = signOf(run)
  return {
    icon: sign,
    cells: [
      `#${run.id}`,
      run.hook,
      { text: statusOf(run, now), format: sign.format },
      eventOf(run),
      shortSha(run.sha),
      ago(run.startedAt ?? run.queuedAt, now),
      durationOf(run, now),
    ],
  }
}

function nothing(hook?: string, status?: string, worker?: string): string {
  if (hook === undefined && status === undefined && worker === undefined) {
    return 'No runs yet. Start one with "runhook trigger HOOK", or try a delivery with "runhook send HOOK".'
  }
  const of = hook === undefined ? '' : ` of ${hook}`
  const are = status === undefined ? '' : ` that are ${status}`
  const on = worker === undefined ? '' : ` on ${printable(worker)}`
  return `No runs${of}${on}${are}. "runhook runs" lists all.`
}
