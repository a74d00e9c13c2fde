/**
 * Bringing a file's bytes to the disk without holding up the event loop. The file is SQLite's write-ahead
 * log: with `synchronous = NORMAL` a commit only writes there, and what makes it durable is the fdatasync(2)
 * that follows, here in a thread. Beside that SQLite syncs before each checkpoint by itself, so nothing
 * reaches the database file that the log has not kept (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */

import { closeSync, fdatasync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const syncInThread = promisify(fdatasync)

export class Syncing {
  readonly #fd: number
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  /** The file must exist, and stay the same one. Its entry in the directory is brought to the disk now. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+')
    const directory = openSync(dirname(path), 'r')
    fsyncSync(directory)
    closeSync(directory)
  }

  /** The sync that is under way, which may have begun before the latest write; null when none is. */
  get running(): Promise<void> | null {
    return this.#running
  }

  /** Resolves when all that was written before the call is on disk. Those who ask together share one. */
  sync(): Promise<void> {
    if (this.#running === null) return this.#start()
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  close(): void {
    closeSync(this.#fd)
  }

  #start(): Promise<void> {
    this.#next = null
    this.#running = syncInThread(this.#fd).finally(() => {
      this.#running = null
    })
    return this.#running
  }
}
