/** What a delivery asks for, as it is written down: the new run, and what each verdict says of it. Pure. */

import type { Answered, Asked, Check, Delivery, Update, Verdict } from '../model/delivery.ts'
import type { Run } from '../model/run.ts'
import type { Wanted } from './store.ts'

/** One that waits, to be inserted under this number. */
export function newRun(
  id: number,
  delivery: Delivery & { readonly id: number },
  want: Wanted,
  attempt: number,
): Run {
  const update = delivery.updates[want.update]
  return {
    id,
    deliveryId: delivery.id,
    hook: want.hook.name,
    update: want.update,
    group: want.hook.concurrency.group,
    attempt,
    retry: null,
    status: 'queued',
    queuedAt: Date.now(),
    notBefore: null,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    signal: null,
    reason: null,
    config: want.hook.config,
    worker: null,
    rollout: null,
    event: update?.event || delivery.event,
    refName: refNameOf(update),
    sha: update?.sha ?? null,
    sender: delivery.sender,
    inputs: want.inputs,
    outputBytes: 0,
    outputCut: 0,
  }
}

/** Writes into each verdict what the database decided: the run it started, or why it was held back. */
export function settled(
  verdicts: readonly Verdict[],
  held: ReadonlyMap<Wanted, Check>,
  runs: readonly Run[],
): Verdict[] {
  return verdicts.map((verdict) => {
    const same = (hook: string, update: number) =>
      verdict.hook === hook && verdict.update === update && verdict.matched
    const check = [...held].find(([want]) => same(want.hook.name, want.update))?.[1]
    if (check) return { ...verdict, matched: false, checks: [...verdict.checks, check] }
    const run = runs.find((candidate) => same(candidate.hook, candidate.update))
    return run ? { ...verdict, run: run.id } : verdict
  })
}

/** `runs` are those that wait or go on once all is queued. Who gets an output as it comes gets a 200 at once. */
export function answeredWith(asked: Asked | undefined, runs: readonly number[]): Answered | null {
  if (!asked) return null
  const output = runs.length > 0 ? asked.output : null
  const status = output === 'stream' ? 200 : null
  return { json: asked.json, output, runs, status, says: null }
}

function refNameOf(update: Update | undefined): string | null {
  return update?.tag ?? update?.branch ?? null
}
