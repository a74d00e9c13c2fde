/**
 * A data directory without a database in it: of a process that keeps its records elsewhere. It is this
 * process's alone, as one with a database is, and holds a few named values.
 */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../errors.ts'
import { asStorageError, own } from './database.ts'
import { makeFolder } from './folder.ts'
import { LOCK_FILE } from './inspect.ts'

export class OwnFolder {
  readonly path: string
  readonly #lock: ReturnType<typeof own>

  /**
   * Made where it is missing. Throws a RunhookError of code `storage` when it cannot be had, or another process
   * has it. `lock` names what of it is had: a server and a worker get on in one folder, two of either do not.
   */
  constructor(path: string, lock = LOCK_FILE) {
    this.path = path
    try {
      makeFolder(path)
      this.#lock = own(join(path, lock), path)
    } catch (error) {
      throw asStorageError(error, path)
    }
  }

  /** Null when it was never kept. */
  value(name: string): string | null {
    try {
      return readFileSync(join(this.path, name), 'utf8').trim()
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return null
      throw asStorageError(thrown, this.path)
    }
  }

  /** The whole value or the one before is found, however this process ends. */
  keep(name: string, value: string): void {
    const path = join(this.path, name)
    try {
      writeFileSync(`${path}.new`, `${value}\n`, { mode: 0o600, flush: true })
      renameSync(`${path}.new`, path)
    } catch (thrown) {
      throw asStorageError(thrown, this.path)
    }
  }

  close(): void {
    this.#lock.close()
  }
}
