/**
 * The output log in files: one append-only file a run, in folders of a thousand.
 * Reading and following need no database. One process owns the directory; a file is removed only by
 * `remove`. A run that printed nothing has none.
 */

import { existsSync, open as openFile } from 'node:fs'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import type { Disk } from './disk.ts'
import type { OutputLog } from './output-log.ts'
import type { Redactor } from './redact.ts'
import { FileWriter, type Limits, type OutputWriter, usualLimits } from './writer.ts'

export type { Closed, Limits, OutputWriter } from './writer.ts'

/** While the disk is short of room: the end, where a failure is told. */
const shortLimits: Limits = { head: 0, tail: 4096 }
const PIECE = 64 * 1024
const RECENT_OUTPUTS = 256
const openInThread = promisify(openFile)

export interface FileOutputLogOptions {
  readonly limits?: Limits | undefined
  /** Null when there is nothing to hide. */
  readonly redactor?: () => Redactor | null
  /** While it is short of room, little is kept. */
  readonly disk?: Pick<Disk, 'room'>
}

export class FileOutputLog implements OutputLog {
  readonly #directory: string
  readonly #limits: Limits
  readonly #disk: Pick<Disk, 'room'>
  readonly #redactor: () => Redactor | null
  readonly #open = new Map<number, FileWriter>()
  /** Small outputs of the latest runs: who waits for one asks at once, and need not wait for the disk. */
  readonly #recent = new Map<number, Uint8Array>()

  /**
   * `directory` is the log's own (`<data>/output`); it is made when the first run writes. The redactor is
   * asked for at the beginning of each run; what it hides is never stored.
   */
  constructor(
    directory: string,
    {
      limits = usualLimits,
      redactor = () => null,
      disk = { room: 'enough' },
    }: FileOutputLogOptions = {},
  ) {
    this.#directory = directory
    this.#limits = limits
    this.#redactor = redactor
    this.#disk = disk
  }

  path(runId: number): string {
    return join(this.#directory, String(Math.floor(runId / 1000)), `${runId}.log`)
  }

  exists(runId: number): boolean {
    return existsSync(this.path(runId))
  }

  /** The run's file is made at its first byte; should the disk refuse, `close` says so. */
  open(runId: number): OutputWriter {
    const make = () => create(this.path(runId))
    const limits = this.#disk.room === 'enough' ? this.#limits : shortLimits
    const writer = new FileWriter(make, limits, (whole) => {
      this.#open.delete(runId)
      if (whole !== null) this.#remember(runId, whole)
    })
    this.#open.set(runId, writer)
    return this.#redactor()?.writer(writer) ?? writer
  }

  async read(runId: number, from: number, limit: number): Promise<Uint8Array> {
    const whole = this.#recent.get(runId)
    if (whole) return whole.subarray(from, from + limit)
    const file = await openToRead(this.path(runId))
    if (file === null) return new Uint8Array()
    try {
      const { size } = await file.stat()
      return await readAt(file, from, Math.max(0, Math.min(limit, size - from)))
    } finally {
      await file.close()
    }
  }

  async size(runId: number): Promise<number> {
    const file = await openToRead(this.path(runId))
    if (file === null) return 0
    try {
      return (await file.stat()).size
    } finally {
      await file.close()
    }
  }

  async *follow(runId: number, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const writer = this.#open.get(runId)
    const file = await this.#openWhenThere(runId, writer, signal)
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

  #remember(runId: number, whole: Uint8Array): void {
    this.#recent.set(runId, whole)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > RECENT_OUTPUTS && oldest !== undefined) this.#recent.delete(oldest)
  }

  /** A run under way may not have printed anything yet. Null when it never will. */
  async #openWhenThere(
    runId: number,
    writer: FileWriter | undefined,
    signal: AbortSignal | undefined,
  ): Promise<FileHandle | null> {
    for (;;) {
      const over = writer === undefined || writer.closed !== null || signal?.aborted === true
      const changed = writer?.changed // asked for before looking, so that nothing falls between
      const file = await openToRead(this.path(runId))
      if (file !== null || over || changed === undefined) return file
      await settled(changed, signal)
    }
  }

  async remove(runId: number): Promise<void> {
    this.#recent.delete(runId)
    await rm(this.path(runId), { force: true })
  }
}

/** In a thread: making a file waits for the file system's journal, beside a database that syncs. */
async function create(path: string): Promise<number> {
  try {
    return await openNew(path)
  } catch (thrown) {
    throw new RunhookError('storage', `cannot create ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    })
  }
}

async function openNew(path: string): Promise<number> {
  try {
    return await openInThread(path, 'w', 0o600)
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return await openInThread(path, 'w', 0o600)
  }
}

async function openToRead(path: string): Promise<FileHandle | null> {
  try {
    return await open(path)
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(thrown) ?? '')) return null
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
