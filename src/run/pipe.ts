/**
 * Real pipes for commands. What Node gives a child by default are sockets, and `echo x > /dev/stderr`
 * fails on a socket; a plain file would be emptied by it. So: FIFOs, made a batch at a time and used
 * again, but only after everyone who held one has let go of it.
 */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { Reader } from './reader.ts'

const execute = promisify(execFile)
const BATCH = 16

export interface Pipe {
  /** Of the FIFO, for who opens the write end by itself. */
  readonly path: string
  /** For stdout and stderr of one child; close it with `closeWrite` once the child has it. */
  readonly writeFd: number
  readonly reader: Reader
  /** Lets commands of another user open it, as `> /dev/stdout` does. It is not used again after them. */
  share(): void
  closeWrite(): void
  /** Closes both ends. The FIFO goes back to the pool if its end was seen and only we could open it, else it is unlinked. */
  release(): void
}

export class PipePool {
  readonly #directory: string
  readonly #free: string[] = []
  /** What an earlier server's command still waits to open must not be ours. */
  readonly #prefix = randomBytes(4).toString('hex')
  #made = 0
  #making: Promise<void> | null = null

  /** Takes the directory for itself: whatever an earlier process left there is removed. */
  constructor(directory: string) {
    this.#directory = directory
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Rejects with a RunhookError or the system's error when no FIFO can be made or opened. */
  async take(): Promise<Pipe> {
    for (;;) {
      const path = this.#free.pop()
      if (path === undefined) {
        this.#making ??= this.#make().finally(() => {
          this.#making = null
        })
        await this.#making
        continue
      }
      const pipe = this.#open(path)
      if (pipe !== null) return pipe
    }
  }

  async #make(): Promise<void> {
    const paths = Array.from({ length: BATCH }, () =>
      join(this.#directory, `${this.#prefix}-${++this.#made}`),
    )
    try {
      await execute('mkfifo', ['-m', '600', '--', ...paths])
    } catch (thrown) {
      throw makeError(this.#directory, thrown)
    }
    this.#free.push(...paths)
  }

  /** Null when the FIFO is not there any more: somebody tidied the directory up. */
  #open(path: string): Pipe | null {
    try {
      return openPipe(path, (seenEnd) => {
        if (seenEnd) this.#free.push(path)
        else rmSync(path, { force: true })
      })
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return null
      this.#free.push(path)
      throw thrown
    }
  }
}

/** Both ends are open before anything reads: a FIFO without a writer reads as ended. */
function openPipe(path: string, done: (seenEnd: boolean) => void): Pipe {
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writeFd = openWriteEnd(path, readFd)
  const reader = new Reader(readFd)
  let writable = true
  let shared = false
  // By its path nobody else can open it: the directory is closed to them.
  const share = () => {
    fchmodSync(writeFd, 0o666)
    shared = true
  }
  const closeWrite = () => {
    if (writable) closeSync(writeFd)
    writable = false
  }
  const release = () => {
    closeWrite()
    const { seenEnd } = reader
    reader.close()
    done(seenEnd && !shared)
  }
  return { path, writeFd, reader, share, closeWrite, release }
}

function openWriteEnd(path: string, readFd: number): number {
  try {
    return openSync(path, constants.O_WRONLY)
  } catch (thrown) {
    closeSync(readFd)
    throw thrown
  }
}

/** Too many files or processes is the system's answer to anything; the rest is about this directory. */
function makeError(directory: string, thrown: unknown): unknown {
  const code = systemCode(thrown)
  if (code !== null && code !== 'ENOENT') return thrown
  const reason =
    code === null ? messageOf(thrown).trim() : 'there is no "mkfifo"; install coreutils'
  return new RunhookError('storage', `cannot make pipes in ${directory}: ${reason}`, {
    cause: thrown,
  })
}
