/**
 * A process of a fleet: what it shares stands in PostgreSQL, and its parts are constructed in their order. A worker
 * carries out runs and does nothing else.
 */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Current, currentOf, endToKeep, stepToKeep, textsToKeep } from './current.ts'
import { RunhookError } from './errors.ts'
import { Away } from './fleet/away.ts'
import type { Execute, RunTrust } from './fleet/claimed.ts'
import { LostRuns } from './fleet/lost.ts'
import { Machine } from './fleet/machine.ts'
import { Trust } from './fleet/trust.ts'
import { FleetWorker } from './fleet/worker.ts'
import type { Log } from './log.ts'
import type { Config } from './model/config.ts'
import { Acceptances } from './postgres/accept.ts'
import { Boss } from './postgres/boss.ts'
import { PostgresClaims } from './postgres/claims.ts'
import { Postgres } from './postgres/connect.ts'
import { PostgresFleet } from './postgres/fleet.ts'
import { labelQueue, workerQueue } from './postgres/keys.ts'
import { Listener } from './postgres/listen.ts'
import { Notices } from './postgres/notices.ts'
import { PostgresOutputLog } from './postgres/output.ts'
import { Planner } from './postgres/plan.ts'
import { requireSchema } from './postgres/schema.ts'
import { sealedRun } from './postgres/sealed.ts'
import { PostgresStore } from './postgres/store.ts'
import { executeRun, serverUser } from './run/execute.ts'
import { prepareLimits } from './run/holding.ts'
import { PayloadFiles } from './run/payload.ts'
import { PipePool } from './run/pipe.ts'
import { version } from './version.ts'

export interface RunningWorker {
  /** Commands under way. */
  readonly running: number
  /** Resolves when it takes runs. Rejects with a RunhookError when it never will. */
  start(): Promise<void>
  reload(config: Config): Promise<void>
  hurry(): void
  /** Takes nothing more, gives running commands `drainMs` to end, signs off and closes all. */
  stop(drainMs: number): Promise<void>
}

/** Renewals of a lease go by connections of their own: no run that is slow or talks much holds them up. */
const BEATS = 3
const AGAIN_MS = 1000

/** Throws a RunhookError when the data folder cannot be had. */
export function openWorker(config: Config, log: Log): RunningWorker {
  const { database, worker: settings } = config.server
  if (database === null) throw new RunhookError('config', 'A worker needs "database" of "server".')
  const current = currentOf(config)
  const machine = new Machine(config.server.data)
  const fleet = fleetOf(database, config, log)
  const { store, planner, output, listener } = fleet
  const beats = new Postgres(database, { name: `${settings.name} beat`, connections: BEATS })
  const worker = workerOf(current, machine, fleet, beats, log)
  const lost = new LostRuns({
    fleet: new PostgresFleet(planner),
    hook: (name) => current.config.hooks.get(name),
    settlesAll: false,
    outputSize: (runId) => output.size(runId),
    leaseMs: settings.leaseMs,
    away: new Away(log),
    log,
  })
  log.info(`    ${machine.holding.says}`)
  prepareLimits(config.hooks.values(), machine.holding, log)
  listener.join({ word: (word) => worker.hear(word), reconnected: () => worker.wake() })
  const stopped = new AbortController()
  return {
    get running() {
      return worker.running
    },
    async start() {
      await ready(fleet, current, stopped.signal)
      if (stopped.signal.aborted) return
      listener.start()
      lost.start()
      await worker.start()
    },
    async reload(next) {
      const replacement = currentOf(next)
      await store.keepConfig(textsToKeep(replacement))
      prepareLimits(next.hooks.values(), machine.holding, log)
      Object.assign(current, replacement)
      worker.wake()
    },
    hurry: () => worker.hurry(),
    async stop(drainMs) {
      stopped.abort()
      await Promise.all([worker.drain(drainMs), lost.stop()])
      await Promise.all([listener.close(), fleet.notices.close(), machine.close()])
      await fleet.boss.stop()
      await store.close()
      await Promise.all([fleet.db.close(), beats.close()])
    },
  }
}

type Shared = ReturnType<typeof fleetOf>

function workerOf(
  current: Current,
  machine: Machine,
  fleet: Shared,
  beats: Postgres,
  log: Log,
): FleetWorker {
  const { worker, maxParallel } = current.config.server
  const { name, labels, leaseMs } = worker
  const { planner, store, output } = fleet
  const claims = new PostgresClaims(planner, new Planner({ ...planner.parts, db: beats }))
  return new FleetWorker({
    identity: {
      name,
      labels,
      version,
      host: hostname(),
      token: machine.token,
      slots: maxParallel,
      leaseMs,
    },
    machine,
    queues: [workerQueue(name), ...labels.map(labelQueue)],
    claims,
    runs: store,
    hook: (name) => current.config.hooks.get(name),
    ...trustOf(current, fleet),
    catchUp: () => claims.catchUp(current.config.hooks.values()),
    execute: executeOf(current, machine, fleet),
    outputSize: (runId) => output.size(runId),
    log,
  })
}

/** What every process of a fleet has. */
function fleetOf(database: string, { server }: Config, log: Log) {
  const { name, leaseMs } = server.worker
  const db = new Postgres(database, { name })
  const away = new Away(log)
  const notices = new Notices(db)
  const boss = new Boss(db, {
    leaseMs,
    supervise: true,
    onTrouble: (message) => away.failed(new Error(`${message}.`)),
  })
  const tell = notices.tell.bind(notices)
  const planner = new Planner({ db, boss, maxWaiting: server.maxWaiting, tell })
  const store = new PostgresStore(db, new Acceptances(planner))
  const listener = new Listener(database, { name, log, database: db })
  const output = new PostgresOutputLog(db, { notices, listener })
  return { db, boss, planner, store, notices, listener, output, away }
}

/** The database may be away for long at the start of a machine. */
async function ready(
  { db, boss, store, away }: Shared,
  current: Current,
  stopped: AbortSignal,
): Promise<void> {
  while (!stopped.aborted) {
    try {
      await db.query('SELECT 1')
      await requireSchema(db)
      await boss.start()
      await store.keepConfig(textsToKeep(current))
      return away.worked()
    } catch (error) {
      away.failed(error)
      await sleep(AGAIN_MS, undefined, { signal: stopped }).catch(() => undefined)
    }
  }
}

function trustOf(
  current: Current,
  { db }: Pick<Shared, 'db'>,
): { trust: RunTrust; neverStarted: (runId: number) => void } {
  const { data } = current.config.server
  const trust = new Trust({ settings: () => current.config.server.worker, data })
  return {
    trust: {
      refusal: async (hook, begun) => {
        const sealed = await sealedRun(db, begun.run.id)
        return trust.refusal(hook, { ...begun, sealed })
      },
      begins: (runId) => trust.begins(runId),
      ended: (runId) => trust.ended(runId),
    },
    neverStarted: (runId) => trust.neverStarted(runId),
  }
}

function executeOf(current: Current, machine: Machine, { output }: Shared): Execute {
  const { data, publicUrl } = current.config.server
  const tools = {
    output,
    slots: machine.slots,
    started: machine.started,
    token: machine.token,
    ...machine.holding,
    pipes: new PipePool(join(data, 'pipes')),
    payloads: new PayloadFiles(join(data, 'payloads')),
    publicUrl,
    user: serverUser(),
  }
  return async (work, signal, onStep) => {
    const { redactor } = current // of the config that its hook is from
    const end = await executeRun(work, {
      ...tools,
      signal,
      onStep: (step) => onStep(stepToKeep(step, { redactor })),
    })
    return endToKeep(end, { redactor })
  }
}
