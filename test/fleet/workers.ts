/** A worker that really runs commands, on a database in memory. */

import { join } from 'node:path'
import { Machine } from '../../src/fleet/machine.ts'
import { mayRun } from '../../src/fleet/trust.ts'
import type { WorkerParts } from '../../src/fleet/worker.ts'
import { type FleetWorker, FleetWorker as Worker } from '../../src/fleet/worker.ts'
import type { Log } from '../../src/log.ts'
import type { Hook } from '../../src/model/hook.ts'
import { FileOutputLog } from '../../src/record/output.ts'
import { executeRun, serverUser } from '../../src/run/execute.ts'
import { PayloadFiles } from '../../src/run/payload.ts'
import { PipePool } from '../../src/run/pipe.ts'
import { aHook } from '../some.ts'
import type { MemoryClaims } from './memory.ts'

export interface WorkerOptions {
  readonly folder: string
  readonly claims: MemoryClaims
  readonly log: Log
  readonly hooks?: readonly Partial<Hook>[]
  readonly slots?: number
  readonly leaseMs?: number
  readonly refusal?: WorkerParts['trust']['refusal']
  readonly catchUp?: WorkerParts['catchUp']
}

const settings = {
  name: 'web-1',
  labels: ['default'],
  leaseMs: 30_000,
  allow: null,
  sealKeys: null,
}

export function buildWorker(options: WorkerOptions): { worker: FleetWorker; machine: Machine } {
  const { folder, claims, log, hooks = [{}], slots = 2, leaseMs = 30_000 } = options
  const machine = new Machine(folder)
  const output = new FileOutputLog(join(folder, 'output'))
  const tools = {
    output,
    slots: machine.slots,
    started: machine.started,
    token: machine.token,
    ...machine.holding,
    pipes: new PipePool(join(folder, 'pipes')),
    payloads: new PayloadFiles(join(folder, 'payloads')),
    runsUrl: null,
    user: serverUser(),
  }
  const known = new Map(
    hooks.map((fields) => {
      const hook = aHook({ workingDirectory: folder, ...fields })
      return [hook.name, hook]
    }),
  )
  const worker = new Worker({
    identity: {
      name: 'web-1',
      labels: ['default'],
      version: '0.1.0',
      host: 'here',
      token: machine.token,
      slots,
      leaseMs,
    },
    machine,
    queues: ['label.default', 'worker.web-1'],
    claims,
    hook: (name) => known.get(name),
    trust: {
      refusal: options.refusal ?? (async (hook, { run }) => mayRun(hook, run, settings)),
      begins: () => undefined,
      ended: () => undefined,
    },
    neverStarted: () => undefined,
    catchUp: options.catchUp ?? (async () => undefined),
    execute: (work, signal, onStep) => executeRun(work, { ...tools, signal, onStep }),
    outputSize: (id) => output.size(id),
    log,
  })
  return { worker, machine }
}
