/** Workers and rollouts as the API answers them; see schemas.ts. */

import * as v from 'valibot'
import type { Deployed, Rollout, Worker } from '../postgres/contract.ts'
import {
  conclusion,
  flag,
  id,
  idOrNull,
  named,
  run,
  text,
  textOrNull,
  texts,
  time,
  whole,
} from './schemas.ts'
import type { Page, WorkersView } from './views.ts'

const worker: v.GenericSchema<Worker> = named(
  'Worker',
  v.object({
    name: text,
    labels: texts,
    version: text,
    host: text,
    slots: whole,
    leaseMs: whole,
    startedAt: time,
    seenAt: time,
    state: v.picklist(['alive', 'lost', 'stopped']),
    running: whole,
    waiting: whole,
  }),
)

export const workerList: v.GenericSchema<WorkersView> = v.object({
  alone: flag,
  workers: v.array(worker),
})

const deployed: v.GenericSchema<Deployed> = named(
  'Deployed',
  v.object({
    worker: text,
    hook: text,
    run: id,
    status: conclusion,
    sha: textOrNull,
    refName: textOrNull,
    finishedAt: time,
    successSha: textOrNull,
  }),
)

export const deployedList = v.object({ deployed: v.array(deployed) })

export const removedWorker = v.object({ removed: text })

const rollout: v.GenericSchema<Rollout> = named(
  'Rollout',
  v.object({
    id,
    deliveryId: id,
    hook: text,
    update: whole,
    label: text,
    maxParallel: v.nullable(whole),
    failFast: flag,
    catchUp: flag,
    createdAt: time,
    stopped: textOrNull,
    runs: v.array(run),
  }),
)

export const oneRollout = v.object({ rollout })

export const rolloutPage: v.GenericSchema<Page<'rollouts', Rollout>> = v.object({
  rollouts: v.array(rollout),
  next: idOrNull,
})
