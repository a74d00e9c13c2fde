/**
 * The door through which everything is asked that a hook would meet: started as its own commands are, by
 * the same code, with its environment, in its folder, as its user. Only what reads is ever asked here.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { update } from '../hosts/fields.ts'
import type { StoredDelivery } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import { type Context, commandFor, environmentFor } from '../run/command.ts'
import type { Surroundings } from '../run/hint.ts'
import { PipePool } from '../run/pipe.ts'
import { startProcess } from '../run/process.ts'
import { Tail } from '../run/tail.ts'

export interface Answer {
  /** Null when it did not start, or was ended by a signal or by us. */
  readonly exitCode: number | null
  /** Of both stdout and stderr, the last 4 KiB, without white space around it. */
  readonly output: string
  /** Why it could not be started, as a run would say it. */
  readonly problem: string | null
  readonly timedOut: boolean
}

export interface Asking {
  /** Beside what the hook has, or in its place. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: the hook's own. */
  readonly folder?: string
  readonly timeoutMs?: number
}

export interface Probe {
  /** Whom the server runs as, as far as this process knows. */
  readonly user: Context['user']
  /** As whom its commands run: its own `user`, else the server's. */
  userOf(hook: Hook): Context['user']
  /** Never rejects. */
  ask(hook: Hook, argv: readonly [string, ...string[]], asking?: Asking): Promise<Answer>
  environmentOf(hook: Hook): Record<string, string>
  /** For the words of hints. */
  surroundingsOf(hook: Hook): Surroundings
  /** Takes away what was made for the asking. */
  close(): void
}

const PATIENCE_MS = 10_000
const GRACE_MS = 500

export function createProbe(user: Context['user']): Probe {
  const directory = mkdtempSync(join(tmpdir(), 'runhook-doctor-'))
  const pipes = new PipePool(join(directory, 'pipes'))
  return {
    user,
    userOf: (hook) => hook.terms.user ?? user,
    ask: (hook, argv, asking = {}) => ask(pipes, contextOf(hook, user), argv, asking),
    environmentOf: (hook) => environmentFor(contextOf(hook, user)),
    surroundingsOf: (hook) => ({
      user: (hook.terms.user ?? user).name,
      home: (hook.terms.user ?? user).home,
      workingDirectory: hook.workingDirectory,
      env: environmentFor(contextOf(hook, user)),
    }),
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

async function ask(
  pipes: PipePool,
  context: Context,
  argv: readonly [string, ...string[]],
  { env = {}, folder, timeoutMs = PATIENCE_MS }: Asking,
): Promise<Answer> {
  const spec = commandFor({ kind: 'command', argv: [...argv] }, context)
  if ('problem' in spec)
    return { exitCode: null, output: '', problem: spec.problem, timedOut: false }
  const tail = new Tail()
  const place = folder === undefined ? {} : { workingDirectory: folder }
  const running = startProcess(
    { ...spec, ...place, argv: [...argv], env: { ...spec.env, ...env } },
    pipes,
    (chunk) => tail.add(chunk),
    { timeoutMs, graceMs: GRACE_MS },
  )
  const { exitCode, problem, endedBy } = await running.ended
  return { exitCode, problem, output: tail.text().trim(), timedOut: endedBy === 'timeout' }
}

/** A run that nothing has started: what a delivery would bring is empty. */
function contextOf(hook: Hook, user: Context['user']): Context {
  return {
    hook,
    run: noRun(hook),
    delivery: noDelivery,
    lastSuccess: null,
    after: null,
    payloadFile: '',
    user: hook.terms.user ?? user,
    timeZone: process.env.TZ ?? null,
    runsUrl: null,
    marker: 'doctor',
    payload: () => ({ problem: 'there is no delivery' }),
  }
}

const noDelivery: StoredDelivery = {
  id: 0,
  receivedAt: 0,
  endpoint: 'cli',
  host: 'webhook',
  guid: null,
  event: 'manual',
  action: null,
  repository: null,
  defaultBranch: null,
  sender: null,
  updates: [update({ event: 'manual' })],
  proof: '',
  address: '',
  headers: {},
  body: new Uint8Array(),
  problem: null,
  duplicateOf: null,
  bodyRemovedAt: null,
  answer: null,
  verdicts: [],
}

function noRun(hook: Hook): Run {
  const nothing = { startedAt: null, finishedAt: null, exitCode: null, signal: null, reason: null }
  const source = { event: 'manual', refName: null, sha: null, sender: null, inputs: {} }
  return {
    ...{ id: 0, deliveryId: 0, hook: hook.name, update: 0, group: null, attempt: 1, retry: null },
    ...{
      status: 'running',
      queuedAt: 0,
      notBefore: null,
      config: hook.config,
      worker: null,
      rollout: null,
      outputBytes: 0,
      outputCut: 0,
    },
    ...nothing,
    ...source,
  }
}
