/**
 * Which runs have started a command: the evidence that a new process reads after a crash. A run that was
 * begun but is not among them never started, so it can wait again; one that is may have done part of its
 * work. Each is a line in one file, written before the command starts: by the slot's shell, so that this
 * process need not wait for the file system, or by `noteStarted` where this process starts it.
 */

import { appendFileSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { systemCode } from '../errors.ts'

/** Some hundred thousand runs. */
const LARGE_BYTES = 1024 * 1024

/** One run's line in that file, for whoever starts its command. */
export interface StartedLine {
  readonly path: string
  readonly runId: number
}

/** Throws the system's error when it cannot be written; then nothing may be started. */
export function noteStarted({ path, runId }: StartedLine): void {
  appendFileSync(path, `${runId}\n`, { mode: 0o600 })
}

export class Started {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  lineOf(runId: number): StartedLine {
    return { path: this.path, runId }
  }

  /** A line that a crash cut short is of a run whose command did not start. */
  read(): ReadonlySet<number> {
    const lines = this.#text().split('\n').slice(0, -1)
    return new Set(lines.map(Number))
  }

  /** Forgets all: when none of them is running any more. */
  clear(): void {
    rmSync(this.path, { force: true })
    appendFileSync(this.path, '', { mode: 0o600 }) // the shells only append, whatever their umask
  }

  /** Forgets all if they have become many; call it when nothing runs. */
  tidy(): void {
    try {
      if (statSync(this.path).size > LARGE_BYTES) truncateSync(this.path)
    } catch {
      // It is tidied at the next start.
    }
  }

  #text(): string {
    try {
      return readFileSync(this.path, 'utf8')
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return ''
      throw thrown
    }
  }
}
