/**
 * What a worker takes from the database, and what not. Commands never come from there: of a hook it runs what
 * its own hooks file says. This is about which hooks, for which runs, with which values. See "Trust" of
 * docs/fleet.md.
 */

import { join } from 'node:path'
import { RunhookError } from '../errors.ts'
import { valueProblem } from '../hooks/inputs.ts'
import { USUAL_REF } from '../hooks/match.ts'
import type { WorkerSettings } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import type { Run } from '../model/run.ts'
import {
  checkSeal,
  deliveryDigest,
  SEAL_AGE_MS,
  type Sealed,
  sealAge,
  sealFields,
} from '../postgres/seal.ts'
import type { Begun } from '../record/store.ts'
import { type Beginning, Journal, type Lane } from './journal.ts'

/** By the settings alone: null, or why this worker does not run the hook. `hook` is as its own file has it. */
export function mayRun(
  hook: Hook | undefined,
  run: Pick<Run, 'hook'>,
  { name, allow }: WorkerSettings,
): string | null {
  if (hook === undefined) return `worker ${name} has no hook "${run.hook}" in its hooks file`
  const hashes = allow === null ? 'any' : allow.get(hook.name)
  if (hashes === undefined)
    return `worker ${name} does not run "${hook.name}": it is not in its "allow" list; add it there if it should`
  if (hashes === 'any' || hashes.includes(hook.commandHash)) return null
  return `worker ${name} does not run "${hook.name}" as its hooks file has it: "allow" does not list the hash ${hook.commandHash}; see runhook check --hashes`
}

/**
 * What a receiver holds every delivery against before it becomes a run, once more: rows can be written by others
 * than receivers, and scripts rely on it that a branch has no `$(…)` in it and a choice is one of its options.
 * Null, or what is wrong.
 */
export function wrongValue(hook: Hook, { run, delivery, lastSuccess }: Begun): string | null {
  for (const input of hook.inputs) {
    const value = Object.hasOwn(run.inputs, input.name) ? (run.inputs[input.name] ?? '') : ''
    const problem = value === '' || value === input.default ? null : valueProblem(input, value)
    if (problem !== null) return `input "${input.name}" ${problem}`
  }
  const update = delivery.updates[run.update]
  const refs = [update?.branch, update?.tag, update?.baseBranch, update?.ref, run.refName]
  const names = refs.map((ref) => ref?.replace(/^refs\/(heads|tags)\//, ''))
  if (!hook.allowUnusualRefs && names.some((name) => name != null && !USUAL_REF.test(name)))
    return 'its branch or tag has a name that no server lets through ("allow-unusual-refs" is off)'
  const commits = [update?.sha, update?.before, run.sha, lastSuccess]
  if (commits.some((sha) => sha != null && !/^[0-9a-f]{7,64}$/i.test(sha)))
    return 'what it says of a commit is no commit id'
  return null
}

export interface TrustParts {
  /** As they are now. */
  readonly settings: () => WorkerSettings
  /** The data folder: the journal lies there, as `begun`. */
  readonly data: string
  readonly now?: () => number
}

const AGAIN = 'it has begun that very run before'

/** All of it, of one worker. */
export class Trust {
  readonly #settings: () => WorkerSettings
  readonly #now: () => number
  readonly #journal: Journal

  /** Throws a RunhookError when the journal cannot be read. */
  constructor({ settings, data, now = Date.now }: TrustParts) {
    this.#settings = settings
    this.#now = now
    // A run is as old as it says by the clock of another machine: a day for the difference.
    this.#journal = new Journal(join(data, 'begun'), { keepMs: SEAL_AGE_MS + 86_400_000, now })
  }

  /** Null, or why nothing is started for it: asked when it has begun in the database, and before `begins`. */
  refusal(hook: Hook | undefined, begun: Begun & { readonly sealed: Sealed }): string | null {
    const settings = this.#settings()
    const refused = mayRun(hook, begun.run, settings)
    if (refused !== null || hook === undefined) return refused
    const problem = this.#sealProblem(begun, settings) ?? wrongValue(hook, begun)
    return problem === null ? null : `worker ${settings.name} does not run it: ${problem}`
  }

  /**
   * Its command is about to start. Throws the system's error when that cannot be noted; and a RunhookError when a
   * retry of the same number has begun since `refusal` was asked, for they may come at once.
   */
  begins(run: Beginning): void {
    if (this.#settings().sealKeys !== null && this.#journal.has(run))
      throw new RunhookError('conflict', AGAIN)
    this.#journal.begin(run)
  }

  /** Whether this worker, that was away, may have missed it: who seals nothing believes the database in that. */
  mayMiss(lane: Lane, rollout: number): boolean {
    return this.#settings().sealKeys === null || !this.#journal.hasRollout(lane, rollout)
  }

  ended(runId: number): void {
    this.#journal.ended(runId)
  }

  /** Of a run that an earlier life of this worker had begun: there is evidence that no command was started. */
  neverStarted(runId: number): void {
    this.#journal.forget(runId)
  }

  #sealProblem(
    { run, delivery, sealed }: Begun & { readonly sealed: Sealed },
    { name, labels, sealKeys }: WorkerSettings,
  ): string | null {
    if (sealKeys === null) return null
    const fields = sealFields(run, sealed, deliveryDigest(delivery))
    const problem = checkSeal(fields, sealed.seal, sealKeys)
    if (problem !== null) return problem
    if (sealed.pin !== null && sealed.pin !== name) return `it is sealed for worker ${sealed.pin}`
    if (sealed.pin === null && !labels.includes(sealed.label))
      return `it is sealed for workers with the label "${sealed.label}", which this one has not`
    if (this.#journal.has(run)) return AGAIN
    return sealAge(run, this.#now())
  }
}
