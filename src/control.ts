/**
 * What a person may ask of a running server: cancel, re-run, start by hand. Refusals say what to do
 * instead.
 */

import { RunhookError } from './errors.ts'
import { pass } from './hooks/check.ts'
import { readInputs } from './hooks/inputs.ts'
import { update } from './hosts/fields.ts'
import type { Config } from './model/config.ts'
import type { Delivery } from './model/delivery.ts'
import type { Hook } from './model/hook.ts'
import type { Run } from './model/run.ts'
import type { Dispatcher } from './record/dispatcher.ts'
import type { Accepted, Store } from './record/store.ts'
import type { Origin } from './show/control.ts'

/** What a reload replaces, in place. */
export interface InUse {
  readonly config: Config
  /** Why the file on disk is not the one in use, else null. */
  readonly problem: string | null
}

/** The parts of Control that need the dispatcher; a server adds what only it knows. */
export function controlOf(store: Store, dispatcher: Dispatcher, inUse: InUse) {
  const hookNamed = (name: string): Hook => {
    const { config, problem } = inUse
    const hook = config.hooks.get(name)
    if (hook) return hook
    throw new RunhookError('not-found', `There is no hook "${name}".`, {
      // It may be in the file that was not taken over.
      hint: problem
        ? `${problem}: see "runhook check".`
        : `Known: ${[...config.hooks.keys()].join(', ')}.`,
    })
  }
  return {
    cancel: (runId: number, by: string) => dispatcher.cancel(runId, by),
    async rerun(runId: number, _by: string): Promise<Run> {
      const run = await store.run(runId)
      if (!run) throw new RunhookError('not-found', `There is no run #${runId}.`)
      if (run.status === 'queued' || run.status === 'running') {
        throw new RunhookError(
          'conflict',
          `Run #${runId} is ${run.status}; it can be re-run when it has ended.`,
        )
      }
      return firstOf(await dispatcher.rerun(runId, hookNamed(run.hook)))
    },
    async trigger(
      name: string,
      given: Record<string, string>,
      by: string,
      origin: Origin = { proof: 'local', address: '' },
    ): Promise<Run> {
      const hook = hookNamed(name)
      if (hook.repositories.length > 0 && !hook.triggers.some((t) => t.event === 'manual')) {
        throw new RunhookError('conflict', `Hook "${name}" does not start by hand.`, {
          hint: `Add "manual" to its "on", or send a test delivery: runhook send ${name}`,
        })
      }
      if (!hook.enabled) {
        throw new RunhookError('conflict', `Hook "${name}" is switched off ("enabled": false).`)
      }
      const read = readInputs(hook, given)
      if ('problem' in read) throw new RunhookError('invalid', `${read.problem}.`)
      const delivery = byHand(read.inputs, by, origin)
      const checks = [pass('signature', delivery.proof, 'a person with access')]
      const verdict = { hook: name, update: 0, matched: true, checks, run: null }
      const wanted = { hook, update: 0, inputs: read.inputs }
      return firstOf(await dispatcher.accept(delivery, [verdict], [wanted]))
    },
  }
}

function firstOf({ queued: [run] }: Accepted): Run {
  if (!run) throw new RunhookError('conflict', 'No run was queued.')
  return run
}

/** A run started by a person is a delivery like any other, so that it has a record and a verdict. */
function byHand(
  inputs: Readonly<Record<string, string>>,
  by: string,
  { proof, address }: Origin,
): Delivery {
  return {
    receivedAt: Date.now(),
    endpoint: 'cli',
    host: 'webhook',
    guid: null,
    event: 'manual',
    action: null,
    repository: null,
    defaultBranch: null,
    sender: by,
    updates: [update({ event: 'manual' })],
    proof,
    address,
    headers: {},
    body: Buffer.from(JSON.stringify({ inputs })),
    problem: null,
  }
}
