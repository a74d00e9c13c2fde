/** `runhook trigger` and `runhook rerun`: start a run, and stay with it when asked to. */

import type { Run } from '../model/run.ts'
import type { Client } from './client.ts'
import { aheadOf, follow, linkTo, stateLine } from './follow.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import type { Terminal } from './terminal.ts'

export interface StartOptions extends PlaceOptions {
  readonly wait?: boolean
  readonly json?: boolean
}

export interface TriggerOptions extends StartOptions {
  readonly input?: Readonly<Record<string, string>>
}

export async function trigger(
  hook: string,
  options: TriggerOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(options, terminal)
  const inputs = options.input ?? {}
  const path = `/hooks/${encodeURIComponent(hook)}/trigger`
  const { run } = await client.post<{ run: Run }>(path, { inputs })
  return started(client, run, options, terminal)
}

export async function rerun(
  runId: number,
  options: StartOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(options, terminal)
  const { run } = await client.post<{ run: Run }>(`/runs/${runId}/rerun`)
  return started(client, run, options, terminal)
}

async function started(
  client: Client,
  run: Run,
  options: StartOptions,
  terminal: Terminal,
): Promise<number> {
  if (options.wait) return waitFor(client, run, options, terminal)
  if (options.json) {
    await terminal.out.write(`${printableJson({ run })}\n`)
    return 0
  }
  const [link, ahead] = await Promise.all([linkTo(client, run.id), aheadOf(client, run)])
  await terminal.out.write(`${stateLine(run, link, ahead)}\n`)
  await terminal.talk.write(`  runhook logs -f ${run.id}\n`)
  return 0
}

/** With --json the output goes to `talk`, so that `out` holds one JSON object. */
async function waitFor(
  client: Client,
  run: Run,
  options: StartOptions,
  terminal: Terminal,
): Promise<number> {
  const shown = options.json ? { ...terminal, out: terminal.talk } : terminal
  const ended = await follow(client, run.id, { announce: true }, shown)
  if (options.json) await terminal.out.write(`${printableJson({ run: ended })}\n`)
  return ended.status === 'success' ? 0 : 1
}
