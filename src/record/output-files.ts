/**
 * The output files as a whole: how many bytes they are, and which belong to no run. The size is counted as
 * runs end and as files go; the files themselves are looked at once a day, for what a count cannot know.
 */

import { type Dirent, statSync } from 'node:fs'
import { readdir, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileOutputLog } from './output.ts'
import type { KeptOutputs } from './prune.ts'

const FOLDER = 1000

export class OutputFiles implements KeptOutputs {
  readonly #directory: string
  readonly #log: FileOutputLog
  #bytes = 0

  constructor(directory: string, log: FileOutputLog) {
    this.#directory = directory
    this.#log = log
  }

  /** All that is stored, as far as is known. */
  get bytes(): number {
    return this.#bytes
  }

  /** A run has ended; its file is there, or never was. */
  add(runId: number): void {
    this.#bytes += statSync(this.#log.path(runId), { throwIfNoEntry: false })?.size ?? 0
  }

  /** Nobody else adds. */
  async count(): Promise<void> {}

  async remove(runIds: readonly number[]): Promise<void> {
    for (const id of runIds) await this.#remove(id)
  }

  async #remove(runId: number): Promise<void> {
    const found = await stat(this.#log.path(runId)).catch(() => null)
    await this.#log.remove(runId)
    this.#bytes = Math.max(0, this.#bytes - (found?.size ?? 0))
  }

  /**
   * Looks at every file and removes those of no run; a pause may come after each folder. `isRun` is asked
   * for the numbers of a folder. What has no name of ours is left alone.
   */
  async *tidy(
    runsOf: (from: number, to: number) => Promise<ReadonlySet<number>>,
  ): AsyncGenerator<void> {
    const added = this.#bytes
    let found = 0
    for (const entry of await entriesOf(this.#directory)) {
      if (!entry.isDirectory() || !/^\d+$/.test(entry.name)) continue
      const first = Number(entry.name) * FOLDER
      found += await tidyFolder(join(this.#directory, entry.name), () =>
        runsOf(first, first + FOLDER - 1),
      )
      yield
    }
    this.#bytes = found + (this.#bytes - added) // what changed meanwhile
  }
}

/** Resolves with the bytes of the files that stay. */
async function tidyFolder(
  folder: string,
  runsOf: () => Promise<ReadonlySet<number>>,
): Promise<number> {
  let bytes = 0
  const entries = await entriesOf(folder)
  const runs = await runsOf() // after looking: a file is made only once its run is stored
  for (const { name } of entries) {
    const [, id] = /^(\d+)\.log$/.exec(name) ?? []
    if (id === undefined) continue
    const path = join(folder, name)
    if (runs.has(Number(id))) bytes += (await stat(path).catch(() => null))?.size ?? 0
    else await rm(path, { force: true })
  }
  if (entries.length === 0) await rmdir(folder).catch(() => undefined) // a new run makes it again
  return bytes
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => [])
}
