/**
 * Which runs this worker has begun, in a file of its own: somebody who can write the database may set a sealed
 * run that has ended back to "queued", and its seal fits. Here it is remembered for as long as a seal is good.
 *
 * A line for each: `+12 1767225600000` when it is about to start, `=12` when it has ended, `-12` when it turned
 * out that its command was never started. A retry gets a number of its own each time that it is written down, so
 * with it stands of which first attempt it is which one: `+19 1767225600000 12.1`. And `^12 site 9f3c01d2aa47` for a
 * rollout that is newer than all before of its hook, ref, event and inputs, which the last word is the hash of; this is
 * never forgotten. Written before the command; not forced to disk, for whoever can cut this machine's power at will
 * needs no database.
 */

import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { RunhookError } from '../errors.ts'

export interface JournalOptions {
  /** What began longer ago is forgotten at the next start: a seal as old is refused anyway. */
  readonly keepMs: number
  readonly now?: () => number
}

/** Rollouts of which each makes those before it old: by what a worker catches up with, see postgres/catch-up.ts. */
export interface Lane {
  readonly hook: string
  readonly refName: string | null
  readonly event: string
  readonly inputs: Readonly<Record<string, string>>
}

/** What is remembered of a run. */
export interface Beginning extends Lane {
  readonly id: number
  readonly rollout: number | null
  readonly retry: { readonly first?: number; readonly number: number } | null
}

interface Entry {
  readonly at: number
  readonly ended: boolean
  readonly attempt: string | null
}

interface Known {
  readonly entries: Map<number, Entry>
  readonly rollouts: Map<string, number>
}

const LINE =
  /^(?:\+([1-9]\d*) (\d+)(?: ([1-9]\d*\.[1-9]\d*))?|([=-])([1-9]\d*)|\^([1-9]\d*) ([a-z0-9-]+ [0-9a-f]{12}))$/

export class Journal {
  readonly #path: string
  readonly #now: () => number
  readonly #entries: Map<number, Entry>
  /** Of those of them that are retries. */
  readonly #attempts: Set<string>
  /** The newest that was begun of each lane. */
  readonly #rollouts: Map<string, number>

  /** Throws a RunhookError when it holds what this program did not write: then it proves nothing. */
  constructor(path: string, { keepMs, now = Date.now }: JournalOptions) {
    this.#path = path
    this.#now = now
    const oldest = now() - keepMs
    const { entries, rollouts } = read(path)
    this.#entries = new Map([...entries].filter(([, { at }]) => at >= oldest))
    this.#attempts = new Set([...this.#entries.values()].flatMap(({ attempt }) => attempt ?? []))
    this.#rollouts = rollouts
    this.#rewrite()
  }

  has(run: Pick<Beginning, 'id' | 'retry'>): boolean {
    const attempt = attemptOf(run)
    return this.#entries.has(run.id) || (attempt !== null && this.#attempts.has(attempt))
  }

  /** Whether a rollout of the lane was begun that is as new. */
  hasRollout(lane: Lane, rollout: number): boolean {
    return (this.#rollouts.get(nameOf(lane)) ?? 0) >= rollout
  }

  /** Throws the system's error when it cannot be written; then nothing may be started. */
  begin(run: Beginning): void {
    const { id, rollout } = run
    const at = this.#now()
    const attempt = attemptOf(run)
    this.#append(begunLine(id, at, attempt))
    this.#entries.set(id, { at, ended: false, attempt })
    if (attempt !== null) this.#attempts.add(attempt)
    if (rollout === null || this.hasRollout(run, rollout)) return
    this.#append(`^${rollout} ${nameOf(run)}`)
    this.#rollouts.set(nameOf(run), rollout)
  }

  ended(runId: number): void {
    const entry = this.#entries.get(runId)
    if (entry === undefined || entry.ended) return
    this.#append(`=${runId}`)
    this.#entries.set(runId, { ...entry, ended: true })
  }

  /**
   * After a crash between `begin` and the command. Not of a run that has ended: the database, which says what
   * this worker had begun, cannot be believed in that.
   */
  forget(runId: number): void {
    const entry = this.#entries.get(runId)
    if (entry?.ended !== false) return
    this.#append(`-${runId}`)
    this.#entries.delete(runId)
    if (entry.attempt !== null) this.#attempts.delete(entry.attempt)
  }

  #append(line: string): void {
    appendFileSync(this.#path, `${line}\n`, { mode: 0o600 })
  }

  /** Also takes away a line that a crash cut short: of that run nothing was started. */
  #rewrite(): void {
    const lines = [...this.#entries].flatMap(([id, { at, ended, attempt }]) => [
      begunLine(id, at, attempt),
      ...(ended ? [`=${id}`] : []),
    ])
    lines.push(...[...this.#rollouts].map(([lane, rollout]) => `^${rollout} ${lane}`))
    const text = lines.map((line) => `${line}\n`).join('')
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
  }
}

function nameOf({ hook, refName, event, inputs }: Lane): string {
  const about = [refName, event, Object.entries(inputs).toSorted()]
  return `${hook} ${createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 12)}`
}

function begunLine(id: number, at: number, attempt: string | null): string {
  return `+${id} ${at}${attempt === null ? '' : ` ${attempt}`}`
}

/** Null for what is no retry, or one that was sealed by a release which did not say of which run. */
function attemptOf({ retry }: Pick<Beginning, 'retry'>): string | null {
  return retry?.first === undefined ? null : `${retry.first}.${retry.number}`
}

function read(path: string): Known {
  const entries = new Map<number, Entry>()
  const rollouts = new Map<string, number>()
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const [, begun, at, attempt = null, sign, other, rollout, lane] = LINE.exec(line) ?? []
    const known = entries.get(Number(other))
    if (begun !== undefined) entries.set(Number(begun), { at: Number(at), ended: false, attempt })
    else if (lane !== undefined) rollouts.set(lane, Number(rollout))
    else if (sign === '-') entries.delete(Number(other))
    else if (sign === undefined) throw unreadable(path, index + 1)
    else if (known !== undefined) entries.set(Number(other), { ...known, ended: true })
  }
  return { entries, rollouts }
}

function unreadable(path: string, line: number): RunhookError {
  return new RunhookError('storage', `${path} cannot be read: line ${line} is not runhook's.`, {
    hint: 'It says which sealed runs this worker has begun; without it they could begin again. Move it away if you know what happened to it.',
  })
}
