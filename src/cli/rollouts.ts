/** `runhook rollouts`: what was asked of every worker of a label, newest first; with an id, of each worker. */

import type { Run } from '../model/run.ts'
import type { Rollout } from '../postgres/contract.ts'
import { summaryOf } from '../show/rollout-words.ts'
import type { Page } from '../show/views.ts'
import { ago } from '../show/when.ts'
import { query } from './client.ts'
import { ALONE, workersOf } from './fleet.ts'
import { refuseUnknownHook } from './known-hook.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import { rolloutPage, signOfRollout } from './rollout-page.ts'
import { eventOf, shortSha } from './run-words.ts'
import { type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface RolloutsOptions extends PlaceOptions {
  readonly hook?: string
  readonly limit: number
  readonly json?: boolean
}

/** `which`: the number of a rollout, or the name of a hook. */
export async function rollouts(
  which: string | undefined,
  options: RolloutsOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(options, terminal)
  const [, id] = /^#?([1-9][0-9]{0,14})$/.exec(which ?? '') ?? []
  if (id !== undefined) {
    const { rollout } = await client.get<{ rollout: Rollout }>(`/rollouts/${id}`)
    const text = options.json ? `${printableJson({ rollout })}\n` : rolloutPage(rollout, terminal)
    await terminal.out.write(text)
    return 0
  }
  const { hook = which, limit } = options
  const page = await client.get<Page<'rollouts', Rollout>>(`/rollouts${query({ hook, limit })}`)
  if (options.json) await terminal.out.write(`${printableJson(page)}\n`)
  else if (page.rollouts.length > 0) await terminal.out.write(table(page.rollouts, terminal))
  else {
    if (hook !== undefined) await refuseUnknownHook(client, hook)
    const alone = (await workersOf(client)) === null
    await terminal.talk.write(alone ? `${ALONE}\n` : `${nothing(hook)}\n`)
  }
  return 0
}

function nothing(hook: string | undefined): string {
  const of = hook === undefined ? '' : ` of ${hook}`
  return `No rollouts${of} yet: they are the runs of hooks with "runs-on": { "every": LABEL }.`
}

const columns: readonly Column[] = [
  { title: 'ROLLOUT' },
  { title: 'HOOK', least: 16 },
  { title: 'TO EVERY', least: 8 },
  { title: 'EVENT', least: 8 },
  { title: 'COMMIT' },
  { title: 'ASKED' },
  { title: 'RESULT', least: 20 },
]

function table(list: readonly Rollout[], terminal: Terminal): string {
  const rows = list.map((rollout) => rowOf(rollout, terminal.now()))
  return renderTable(columns, rows, terminal.out)
}

function rowOf(rollout: Rollout, now: number): Row {
  const first: Run | undefined = rollout.runs[0]
  return {
    icon: signOfRollout(rollout),
    cells: [
      `#${rollout.id}`,
      rollout.hook,
      rollout.label,
      first ? eventOf(first) : '',
      shortSha(first?.sha ?? null),
      ago(rollout.createdAt, now),
      summaryOf(rollout),
    ],
  }
}
