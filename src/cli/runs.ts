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

interface Wanted {
  readonly hook?: string
  readonly status?: string
  readonly event?: string
  readonly branch?: string
  readonly who?: string
  readonly since?: string
  readonly worker?: string
}

export interface RunsOptions extends PlaceOptions, Wanted {
  readonly limit: number
  readonly json?: boolean
}

/** `named` is the hook, as an argument. */
export async function runs(
  named: string | undefined,
  options: RunsOptions,
  terminal: Terminal,
): Promise<number> {
  const { hook = named, status, event, branch, who, since, worker, limit } = options
  const wanted = { hook, status, event, branch, who, since, worker }
  const client = await connect(options, terminal)
  const page = await client.get<Page<'runs', Run>>(`/runs${query({ ...wanted, limit })}`)
  if (options.json) await terminal.out.write(`${printableJson(page)}\n`)
  else if (page.runs.length > 0) {
    await terminal.out.write(table(page.runs, terminal))
    const waiting = await waitingLines(client, page.runs)
    for (const line of waiting) await terminal.talk.write(`${line}\n`)
  } else {
    if (hook !== undefined) await refuseUnknownHook(client, hook)
    await terminal.talk.write(`${nothing(wanted)}\n`)
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

function nothing(wanted: { readonly [name in keyof Wanted]: Wanted[name] | undefined }): string {
  const { hook, status, event, branch, who, since, worker } = wanted
  if (Object.values(wanted).every((value) => value === undefined)) {
    return 'No runs yet. Start one with "runhook trigger HOOK", or try a delivery with "runhook send HOOK".'
  }
  const said = (before: string, value: string | undefined) =>
    value === undefined ? '' : ` ${before}${printable(value)}`
  const of = said('of ', hook) + said('on ', worker) + said('that are ', status)
  const more = said('for ', event) + said('of branch or tag ', branch) + said('by ', who)
  return `No runs${of}${more}${said('since ', since)}. "runhook runs" lists all.`
}
