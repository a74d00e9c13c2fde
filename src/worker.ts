/** A process that carries out runs of a fleet: for `runhook worker`, and for a server that does that too. */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Current, currentOf, endToKeep, stepToKeep, textsToKeep } from './current.ts'
import type { Execute, RunTrust } from './fleet/claimed.ts'
import { Machine } from './fleet/machine.ts'
import { Trust } from './fleet/trust.ts'
import { FleetWorker } from './fleet/worker.ts'
import type { Log } from './log.ts'
import { leave, lostRunsOf, type Member, memberOf, needsDatabase, ready } from './member.ts'
import type { Config } from './model/config.ts'
import { PostgresClaims } from './postgres/claims.ts'
import { Postgres } from './postgres/connect.ts'
import { labelQueue, workerQueue } from './postgres/keys.ts'
import { Planner } from './postgres/plan.ts'
import { sealedRun } from './postgres/sealed.ts'
import { runsUrl } from './run/command.ts'
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

/** One that carries out runs beside whatever else its process does. */
export interface Hands {
  readonly running: number
  start(): Promise<void>
  reloaded(config: Config): void
  hurry(): void
  /** Takes nothing more, and signs off when nothing runs. */
  drain(drainMs: number): Promise<void>
  close(): Promise<void>
}

/** Renewals of a lease go by connections of their own: no run that is slow or talks much holds them up. */
const BEATS = 3
/** Longer than of others: where no new connection can be had for a while, the runs of this worker need not end. */
const BEATS_LIFETIME_S = 600

/** Throws a RunhookError when the data folder cannot be had. */
export async function openWorker(config: Config, log: Log): Promise<RunningWorker> {
  const current = currentOf(config)
  const member = memberOf(needsDatabase(config.server.database), current, log)
  const hands = handsOf(member, current, log)
  const lost = lostRunsOf(member, current, log, false)
  const stopped = new AbortController()
  return {
    get running() {
      return hands.running
    },
    async start() {
      await ready(member, current, stopped.signal, { makesTables: false })
      if (stopped.signal.aborted) return
      member.listener.start()
      lost.start()
      await hands.start()
    },
    async reload(next) {
      const replacement = currentOf(next)
      await member.store.keepConfig(textsToKeep(replacement))
      Object.assign(current, replacement)
      hands.reloaded(next)
    },
    hurry: () => hands.hurry(),
    async stop(drainMs) {
      stopped.abort()
      await Promise.all([hands.drain(drainMs), lost.stop()])
      await hands.close()
      await leave(member)
    },
  }
}

/** Throws a RunhookError when the data folder cannot be had. */
export function handsOf(member: Member, current: Current, log: Log): Hands {
  const { config } = current
  const machine = new Machine(config.server.data)
  const name = `${config.server.worker.name} beat`
  const beats = new Postgres(member.url, { name, connections: BEATS, lifetimeS: BEATS_LIFETIME_S })
  const worker = fleetWorker(member, current, machine, beats, log)
  log.info(`    ${machine.holding.says}`)
  prepareLimits(config.hooks.values(), machine.holding, log)
  member.listener.join({ word: (word) => worker.hear(word), reconnected: () => worker.wake() })
  return {
    get running() {
      return worker.running
    },
    start: () => worker.start(),
    reloaded(next) {
      prepareLimits(next.hooks.values(), machine.holding, log)
      worker.wake()
    },
    hurry: () => worker.hurry(),
    drain: (drainMs) => worker.drain(drainMs),
    async close() {
      await machine.close()
      await beats.close()
    },
  }
}

function fleetWorker(
  { planner, output, db }: Member,
  current: Current,
  machine: Machine,
  beats: Postgres,
  log: Log,
): FleetWorker {
  const { worker, maxParallel } = current.config.server
  const { name, labels, leaseMs } = worker
  const { token } = machine
  const { trust, neverStarted, mayMiss } = trustOf(current, db)
  const claims = new PostgresClaims(planner, new Planner({ ...planner.parts, db: beats }))
  return new FleetWorker({
    identity: { name, labels, version, host: hostname(), token, slots: maxParallel, leaseMs },
    machine,
    queues: [workerQueue(name), ...labels.map(labelQueue)],
    claims,
    hook: (name) => current.config.hooks.get(name),
    trust,
    neverStarted,
    catchUp: () => claims.catchUp(current.config.hooks.values(), mayMiss),
    execute: executeOf(current, machine, output),
    outputSize: (runId) => output.size(runId),
    log,
  })
}

function trustOf(
  current: Current,
  db: Postgres,
): { trust: RunTrust; neverStarted: (runId: number) => void; mayMiss: Trust['mayMiss'] } {
  const { data } = current.config.server
  const trust = new Trust({ settings: () => current.config.server.worker, data })
  return {
    trust: {
      refusal: async (hook, begun) => {
        const sealed = await sealedRun(db, begun.run.id)
        return trust.refusal(hook, { ...begun, sealed })
      },
      begins: (run) => trust.begins(run),
      ended: (runId) => trust.ended(runId),
    },
    neverStarted: (runId) => trust.neverStarted(runId),
    mayMiss: (first, rollout) => trust.mayMiss(first, rollout),
  }
}

function executeOf(current: Current, machine: Machine, output: Member['output']): Execute {
  const { data } = current.config.server
  const tools = {
    slots: machine.slots,
    started: machine.started,
    token: machine.token,
    ...machine.holding,
    pipes: new PipePool(join(data, 'pipes')),
    payloads: new PayloadFiles(join(data, 'payloads')),
    runsUrl: runsUrl(current.config.server),
    user: serverUser(),
  }
  return async (work, signal, onStep, told) => {
    const { redactor } = current // of the config that its hook is from
    const end = await executeRun(work, {
      ...tools,
      output: { open: (runId) => output.open(runId, told) },
      signal,
      onStep: (step) => onStep(stepToKeep(step, { redactor })),
    })
    return endToKeep(end, { redactor })
  }
}
