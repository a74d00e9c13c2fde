/** A fleet as the API sees it, held in memory: workers, what they have, and rollouts. */

import { RunhookError } from '../../src/errors.ts'
import type { Deployed, Rollout, Worker } from '../../src/postgres/contract.ts'
import type { FleetPart } from '../../src/show/workers.ts'
import { sha } from '../some.ts'
import { aRun, NOW } from './world.ts'

export function aWorker(fields: Partial<Worker> = {}): Worker {
  return {
    name: 'web-1',
    labels: ['web'],
    version: '0.1.0',
    host: 'web-1.example.com',
    slots: 4,
    leaseMs: 30_000,
    startedAt: NOW - 86_400_000,
    seenAt: NOW - 2000,
    state: 'alive',
    running: 0,
    waiting: 0,
    ...fields,
  }
}

export function aDeployed(fields: Partial<Deployed> = {}): Deployed {
  return {
    worker: 'web-1',
    hook: 'deploy-site',
    run: 142,
    status: 'success',
    sha: sha('a'),
    refName: 'main',
    finishedAt: NOW - 117_100,
    successSha: sha('a'),
    ...fields,
  }
}

export function aRollout(fields: Partial<Rollout> = {}): Rollout {
  return {
    id: 142,
    deliveryId: 57,
    hook: 'deploy-site',
    update: 0,
    label: 'web',
    maxParallel: 1,
    failFast: true,
    catchUp: false,
    createdAt: NOW - 120_000,
    stopped: null,
    runs: [aRun({ worker: 'web-1', rollout: 142 })],
    ...fields,
  }
}

export interface FleetHeld {
  readonly workers?: readonly Worker[]
  readonly deployed?: readonly Deployed[]
  readonly rollouts?: readonly Rollout[]
}

export function aFleet({
  workers = [],
  deployed = [],
  rollouts = [],
}: FleetHeld = {}): NonNullable<FleetPart> {
  const known = [...workers]
  return {
    workers: async () => known,
    deployed: async () => [...deployed],
    async removeWorker(name) {
      const index = known.findIndex((worker) => worker.name === name)
      if (index < 0) throw new RunhookError('not-found', `There is no worker "${name}".`)
      if (known[index]?.state === 'alive')
        throw new RunhookError('conflict', `The worker ${name} is alive.`)
      known.splice(index, 1)
    },
    rollouts: async ({ hook, before = Number.POSITIVE_INFINITY, limit }) =>
      rollouts
        .filter((rollout) => hook === undefined || rollout.hook === hook)
        .filter(({ id }) => id < before)
        .sort((a, b) => b.id - a.id)
        .slice(0, limit),
    rollout: async (id) => rollouts.find((rollout) => rollout.id === id) ?? null,
  }
}
