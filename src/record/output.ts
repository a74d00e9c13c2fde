/**
 * The output log: what each run wrote, one append-only file a run, in folders of a thousand.
 * Reading and following need no database. One process owns the directory; a file is removed only by
 * `remove`, and a file that exists says that its run's command may have been started.
 */

import { existsSync, mkdirSync, openSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { FileWriter, type Limits, type OutputWriter } from './writer.ts'

export type { Closed, Limits, OutputWriter } from './writer.ts'

const defaults: Limits = { head: 2 ** 20, tail: 3 * 2 ** 20 }
const PIECE = 64 * 1024

export class OutputLog {
  readonly #directory: string
  readonly #limits: Limits
  readonly #open = new Map<number, FileWriter>()

  /** `directory` is the log's own (`<data>/output`); it is made when the first run writes. */
  constructor(directory: string, limits: Limits = defaults) {
    this.#directory = directory
    this.#limits = limits
  }

  path(runId: number): string {
    return join(this.#directory, String(Math.floor(runId / 1000)), `${runId}.log`)
  }

  exists(runId: number): boolean {
    return existsSync(this.path(runId))
  }

  /** Creates the run's file, empty. Throws a RunhookError of code `storage` when the disk refuses. */
  open(runId: number): OutputWriter {
    const fd = create(this.path(runId))
    const writer = new FileWriter(fd, this.#limits, () => this.#open.delete(runId))
    this.#open.set(runId, writer)
    return writer
  }

  /** Up to `limit` stored bytes from offset `from`; none when the run has no file (any more). */
  async read(runId: number, from: number, limit: number): Promise<Uint8Array> {
    const file = await openToRead(this.path(runId))
    if (file === null) return new Uint8Array()
    try {
      const { size } = await file.stat()
      return await readAt(file, from, Math.max(0, Math.min(limit, size - from)))
    } finally {
      await file.close()
    }
  }

  /** Bytes that are stored by now. While the run goes on they only become more. */
  async size(runId: number): Promise<number> {
    const file = await openToRead(this.path(runId))
    if (file === null) return 0
    try {
      return (await file.stat()).size
    } finally {
      await file.close()
    }
  }

  /**
   * What is stored from offset `from` on, then what comes as it comes; ends when the run's output
   * closes, or `signal` aborts. Memory does not grow with a slow reader: it finds what it missed in
   * the file, or a line that says how much of the middle was cut meanwhile.
   */
  async *follow(runId: number, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const writer = this.#open.get(runId)
    const file = await openToRead(this.path(runId))
    if (file === null) return
    try {
      let at = from
      while (writer?.closed === null && !signal?.aborted) {
        const changed = writer.changed // asked for before looking, so that nothing falls between
        const piece = await nextPiece(writer, file, at)
        if (piece === null) await settled(changed, signal)
        else yield piece.bytes
        at = piece?.next ?? at
      }
      at = writer?.closed?.place(at) ?? at
      while (!signal?.aborted) {
        const bytes = await readAt(file, at, PIECE)
        if (bytes.length === 0) return
        at += bytes.length
        yield bytes
      }
    } finally {
      await file.close()
    }
  }

  async remove(runId: number): Promise<void> {
    await rm(this.path(runId), { force: true })
  }
}

function create(path: string): number {
  try {
    return openNew(path)
  } catch (thrown) {
    throw new RunhookError('storage', `cannot create ${path}: ${messageOf(thrown)}`, {
      hint: 'Free space or correct the permissions of the data directory, then run it again.',
      cause: thrown,
    })
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'w', 0o600)
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return openSync(path, 'w', 0o600)
  }
}

async function openToRead(path: string): Promise<FileHandle | null> {
  try {
    return await open(path)
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}

async function readAt(file: FileHandle, at: number, limit: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(limit)
  const { bytesRead } = await file.read(bytes, 0, limit, at)
  return bytes.subarray(0, bytesRead)
}

/** From a run in progress: out of the file while it is there, out of the writer's memory after that. */
async function nextPiece(
  writer: FileWriter,
  file: FileHandle,
  at: number,
): Promise<{ bytes: Uint8Array; next: number } | null> {
  const ready = writer.readable - at
  if (ready <= 0) return writer.live(at, PIECE)
  const bytes = await readAt(file, at, Math.min(ready, PIECE))
  return { bytes, next: at + bytes.length }
}

/** Waits for `changed`, or for the signal; a race would leave a listener behind at each turn. */
async function settled(changed: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = () => resolve()
  signal?.addEventListener('abort', wake, { once: true })
  changed.then(wake)
  await promise
  signal?.removeEventListener('abort', wake)
}
