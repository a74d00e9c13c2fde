/**
 * What stands behind the listeners, whichever way it is built: embedded.ts on SQLite, where this process does
 * all, or distributed.ts on PostgreSQL, where it is one of several.
 */

import type { Config } from './model/config.ts'
import type { StepRecord } from './model/run.ts'
import type { Dispatcher } from './record/dispatcher.ts'
import type { OutputLog } from './record/output-log.ts'
import type { Store } from './record/store.ts'
import type { Tokens } from './record/tokens.ts'
import type { Accounts } from './record/users.ts'
import type { Moves } from './show/moves.ts'
import type { FleetPart } from './show/workers.ts'

/** What a server does. One of a fleet may do some of it and leave the rest to others. */
export const serverRoles = ['receive', 'show', 'run'] as const
export type ServerRole = (typeof serverRoles)[number]

export interface Engine {
  readonly store: Store
  /** Those of the API. */
  readonly tokens: Tokens
  /** Those of the dashboard; an engine that keeps none has no dashboard. */
  readonly accounts?: Accounts
  readonly dispatcher: Dispatcher
  readonly output: OutputLog
  /** Who carries out runs; null = this process alone. */
  readonly fleet: FleetPart
  /** Whether a delivery that came now could be kept. */
  isReady(): Promise<boolean>
  /** Word of runs that have moved, wherever they run. */
  readonly moves: Moves
  /** Steps of a run under way, as far as it has come. */
  steps(runId: number): readonly StepRecord[] | Promise<readonly StepRecord[]>
  /** Called once, when the listeners are open: settles what an earlier process left, then starts what waits. */
  start(): void
  /** A new config is in use. */
  reloaded(config: Config): void
  /** Starts nothing more, gives running commands `drainMs` to end, then ends them. What waits, stays. */
  drain(drainMs: number): Promise<void>
  /** Ends running commands now, while a `drain` waits for them. */
  hurry(): void
  /** All that was written is kept when it resolves. Nothing can be asked after it. */
  close(): Promise<void>
}
