/**
 * Stays with a run until it has ended: its log goes to `out`, when it starts and how it ended to `talk`.
 */

import type { Run } from '../model/run.ts'
import type { ServerStatus } from '../show/control.ts'
import type { RunEvent } from '../show/events.ts'
import type { Page } from '../show/views.ts'
import { type Client, query } from './client.ts'
import { eventsOf } from './events.ts'
import { createLogPrinter } from './log-printer.ts'
import { printable } from './printable.ts'
import { endLine, signOf } from './run-words.ts'
import type { Terminal } from './terminal.ts'

export interface FollowOptions {
  /** Tell that it waits and when it starts: for a run that was asked for just now. */
  readonly announce: boolean
}

export async function follow(
  client: Client,
  runId: number,
  options: FollowOptions,
  terminal: Terminal,
): Promise<Run> {
  const printer = createLogPrinter(terminal.out)
  const announce = options.announce ? await announcer(client, runId, terminal) : async () => {}
  for await (const event of eventsOf(client, runId)) {
    await announce(event)
    if ('output' in event) await printer.output(event.output)
    if ('step' in event) await printer.step(event.step)
    if ('end' in event) {
      await printer.end()
      await tellEnd(event.end, terminal)
      return event.end
    }
  }
  throw new Error('eventsOf() ends with an end') // it throws where the stream broke off
}

/** A short run may be over before anybody saw it run: then its first sign of life says that it started. */
async function announcer(
  client: Client,
  runId: number,
  { talk }: Terminal,
): Promise<(event: RunEvent) => Promise<void>> {
  const link = await linkTo(client, runId)
  let last: Run | null = null
  return async (event) => {
    if ('run' in event) last = event.run
    else if (last?.status !== 'queued' || 'end' in event) return
    else last = { ...last, status: 'running' }
    await talk.write(`${stateLine(last, link, await aheadOf(client, last))}\n`)
  }
}

export async function tellEnd(run: Run, { talk }: Terminal): Promise<void> {
  await talk.write(`${talk.style(signOf(run).format, endLine(run))}\n`)
}

/** `#143 clear-cache started  http://127.0.0.1:9000/runs/143` */
export function stateLine(run: Run, link: string, ahead: Run | null): string {
  const waits = ahead && ` waiting in group ${run.group}, behind #${ahead.id}`
  const state = run.status === 'queued' ? (waits ?? ' queued') : ' started'
  return `#${run.id} ${printable(run.hook + state)}${link === '' ? '' : `  ${link}`}`
}

/** The run of its group that has to end first; null when there is none, or it does not wait. */
export async function aheadOf(client: Client, { id, group, status }: Run): Promise<Run | null> {
  if (group === null || status !== 'queued') return null
  const pages = ['running', 'queued'].map((status) =>
    client.get<Page<'runs', Run>>(`/runs${query({ status, limit: 500 })}`),
  )
  const others = (await Promise.all(pages)).flatMap(({ runs }) => runs)
  return others.find((run) => run.group === group && run.id < id) ?? null
}

/** The page of a run, where the server has pages. */
export async function linkTo(client: Client, runId: number): Promise<string> {
  const { pages } = await client.get<ServerStatus>('/status')
  return pages === undefined ? '' : printable(`${pages}/runs/${runId}`)
}
