/** Why a run of a fleet has not begun, as far as that is for want of a worker. */

import type { Run } from '../model/run.ts'
import type { Worker } from '../postgres/contract.ts'

export type Waiting = Pick<Run, 'status' | 'worker' | 'rollout'>

/**
 * As the rest of a sentence whose subject is the run. `label` is its hook's; null = not known any more.
 * Null when it does not wait, or waits for its turn and not for a worker.
 */
export function waitsFor(
  run: Waiting,
  label: string | null,
  workers: readonly Worker[],
): string | null {
  if (run.status !== 'queued') return null
  // Any other that has a worker was put back by him, and may go to whoever has the label.
  if (run.rollout !== null && run.worker !== null) return waitsForOne(run.worker, workers)
  if (label === null) return null
  const wanted = `a worker with the label ${label}`
  const alive = workers.filter(({ labels, state }) => labels.includes(label) && state === 'alive')
  if (alive.length === 0) return `waits for ${wanted}; none is alive`
  return alive.every(isFull) ? `waits for room on ${wanted}` : null
}

function waitsForOne(name: string, workers: readonly Worker[]): string | null {
  const worker = workers.find((one) => one.name === name)
  if (!worker) return `waits for ${name}, which is not known any more`
  if (worker.state !== 'alive') return `waits for ${name}, which is ${worker.state}`
  return isFull(worker) ? `waits for room on ${name}` : null
}

function isFull({ running, slots }: Worker): boolean {
  return running >= slots
}
