/** What the contract suites ask of an engine beneath the Store, and SQLite as one. */

import { onTestFinished, test } from 'vitest'
import type { Delivery, Verdict } from '../../src/model/delivery.ts'
import type { Hook } from '../../src/model/hook.ts'
import type { Run, RunEnd } from '../../src/model/run.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import type { Accepted, Begun, RetryPlan, Store } from '../../src/record/store.ts'
import type { Tokens } from '../../src/record/tokens.ts'
import type { Accounts } from '../../src/record/users.ts'
import type { MaybeTest } from '../needs.ts'
import { aDelivery, aDirectory, aHook } from '../some.ts'

/** A store, and what makes runs move on. */
export interface Opened {
  readonly store: Store
  readonly tokens: Tokens
  readonly accounts: Accounts
  /** Marks a waiting run as running. Null when it waits no longer. */
  begin(runId: number): Promise<Begun | null>
  /** A running run whose command never started. */
  requeue(runId: number): Promise<void>
  /** Of a running run; resolves with its retry. */
  finish(runId: number, end: RunEnd, retry?: RetryPlan | null): Promise<Run | null>
  /** False when it was not waiting. */
  cancelWaiting(runId: number, reason: string): Promise<boolean>
  close(): Promise<void>
}

export interface Engine {
  /** Of vitest; skips where the engine cannot run. */
  readonly test: MaybeTest
  /** So many deliveries that come at one moment are all answered. */
  readonly atOnce: number
  /** Somewhere new to keep things. What it resolves with opens what is there. */
  place(): Promise<(options?: { maxWaiting?: number }) => Promise<Opened>>
}

export const sqlite: Engine = {
  test,
  atOnce: 1000,
  async place() {
    const directory = aDirectory()
    return async (options = {}) => {
      const store = openSqlite(directory, options)
      onTestFinished(() => store.close().catch(() => undefined)) // a test may have closed it
      return {
        store,
        tokens: store.tokens,
        accounts: store.accounts,
        begin: (runId) => store.begin(runId, 'c0ffee000000'),
        requeue: (runId) => store.requeue(runId),
        finish: (runId, end, retry) => store.finish(runId, end, retry),
        cancelWaiting: (runId, reason) => store.cancelWaiting(runId, reason),
        close: () => store.close(),
      }
    }
  },
}

export const opened = async (engine: Engine): Promise<Opened> => (await engine.place())()

export const matched = (hook: string, update = 0): Verdict => {
  return { hook, update, matched: true, checks: [], run: null }
}

/** A push that matched the hook. */
export function accept(
  { store }: Pick<Opened, 'store'>,
  delivery: Partial<Delivery> = {},
  hook: Hook = aHook(),
): Promise<Accepted> {
  const wanted = [{ hook, update: 0, inputs: {} }]
  return store.accept(aDelivery(delivery), [matched(hook.name)], wanted)
}

export const ended = (status: RunEnd['status']): RunEnd => ({
  status,
  exitCode: status === 'success' ? 0 : 1,
  signal: null,
  reason: null,
  outputBytes: 5,
  outputCut: 0,
  steps: [],
})

export async function runTo(open: Opened, id: number, status: RunEnd['status']): Promise<void> {
  await open.begin(id)
  await open.finish(id, ended(status))
}

/** Runs that wait, in the order they were queued. */
export async function waiting({ store }: Pick<Opened, 'store'>): Promise<Run[]> {
  return (await store.runs({ status: 'queued', limit: 1000 })).reverse()
}
