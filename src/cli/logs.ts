/**
 * `runhook logs`: what a run wrote, under the line of each step. With --raw its bytes and nothing else.
 */

import { text } from 'node:stream/consumers'
import { RunhookError } from '../errors.ts'
import type { Run } from '../model/run.ts'
import type { Page, RunView } from '../show/views.ts'
import { type Client, query } from './client.ts'
import { eventsOf } from './events.ts'
import { follow, tellEnd } from './follow.ts'
import { refuseUnknownHook } from './known-hook.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { createLogPrinter } from './log-printer.ts'
import { printable, printableJson } from './printable.ts'
import { retryOf } from './run-words.ts'
import type { Terminal } from './terminal.ts'

export interface LogsOptions extends PlaceOptions {
  readonly follow?: boolean
  readonly raw?: boolean
  readonly json?: boolean
}

/** `which` is a run, a hook (its newest run), or nothing (the newest run of all). */
export async function logs(
  which: string | undefined,
  options: LogsOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(options, terminal)
  const runId = which !== undefined && isNumber(which) ? which.replace('#', '') : null
  const view = await client.get<RunView>(`/runs/${runId ?? (await newest(client, which)).id}`)
  const { run } = view
  if (options.json) await printJson(client, view, options, terminal)
  else if (options.raw) await printBytes(client, run, options, terminal)
  else {
    if (runId === null) await terminal.talk.write(`#${run.id} ${printable(run.hook)}\n`)
    if (options.follow) await follow(client, run.id, { announce: false }, terminal)
    else await printStored(client, view, terminal)
  }
  return 0
}

function isNumber(which: string): boolean {
  return /^#?[0-9]+$/.test(which)
}

async function newest(client: Client, hook: string | undefined): Promise<Run> {
  const [run] = (await client.get<Page<'runs', Run>>(`/runs${query({ hook, limit: 1 })}`)).runs
  if (run) return run
  if (hook !== undefined) await refuseUnknownHook(client, hook)
  const whose = hook === undefined ? '' : ` of ${hook}`
  throw new RunhookError('not-found', `There are no runs${whose} yet.`)
}

/** Bytes are cut at the places where steps begin, and never decoded on their way to a file. */
async function printStored(
  client: Client,
  { run, steps }: RunView,
  terminal: Terminal,
): Promise<void> {
  const printer = createLogPrinter(terminal.out)
  const waiting = [...steps]
  let at = 0
  const begin = async (upTo: number) => {
    while (waiting[0] && waiting[0].outputFrom <= upTo) {
      const step = waiting.shift()
      if (step) await printer.step(step)
    }
  }
  await begin(0)
  for await (const piece of await client.bytes(`/runs/${run.id}/output`)) {
    for (let from = 0; from < piece.length; ) {
      const next = (waiting[0]?.outputFrom ?? Number.POSITIVE_INFINITY) - at
      const part = piece.subarray(from, Math.min(piece.length, from + next))
      await printer.output(part)
      from += part.length
      at += part.length
      await begin(at)
    }
  }
  await begin(Number.POSITIVE_INFINITY)
  await printer.end()
  if (at === 0) await tellRemoved(run, terminal)
  await tellState(run, terminal)
}

/** Nothing came: had it written nothing, or is that not kept any more? */
async function tellRemoved(run: Run, terminal: Terminal): Promise<void> {
  if (run.finishedAt === null || run.outputBytes === run.outputCut) return
  await terminal.talk.write(
    `What #${run.id} wrote was kept for its time and is removed ("keep" in the hooks file).\n`,
  )
}

async function tellState(run: Run, terminal: Terminal): Promise<void> {
  if (run.status !== 'queued' && run.status !== 'running') return tellEnd(run, terminal)
  const retry = retryOf(run, terminal.now())
  const waits = retry === '' ? 'is waiting' : `is waiting, ${retry}`
  const how = run.status === 'queued' ? waits : 'is still running'
  await terminal.talk.write(
    `#${run.id} ${printable(run.hook)} ${how}: "runhook logs -f" follows it.\n`,
  )
}

async function printBytes(
  client: Client,
  run: Run,
  options: LogsOptions,
  terminal: Terminal,
): Promise<void> {
  const path = `/runs/${run.id}/output${options.follow ? '?follow=true' : ''}`
  let count = 0
  for await (const piece of await client.bytes(path)) {
    count += piece.length
    await terminal.out.write(piece)
  }
  if (count === 0) await tellRemoved(run, terminal)
}

/** One object for what there is; with -f each event on a line of its own, as it comes. */
async function printJson(
  client: Client,
  view: RunView,
  options: LogsOptions,
  terminal: Terminal,
): Promise<void> {
  if (!options.follow) {
    const output = await text(await client.bytes(`/runs/${view.run.id}/output`))
    await terminal.out.write(`${printableJson({ ...view, output })}\n`)
    return
  }
  for await (const event of eventsOf(client, view.run.id)) {
    await terminal.out.write(`${printableJson(event, 0)}\n`)
  }
}
