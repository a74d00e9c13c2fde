/**
 * Reading one command's output from the read end of a pipe. Most commands of a busy server end within
 * milliseconds and print little: that is read at once when they have ended, which costs a tenth of a
 * socket's making. For any other a socket takes over, at a pace.
 */

import { closeSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemCode } from '../errors.ts'
import { pace } from './pace.ts'

/** A command that prints more than a pipe holds waits as long, and a live log is as late. */
const QUICK_MS = 10
/** More than a pipe holds: beyond it somebody is still writing. */
const QUICK_BYTES = 1024 * 1024
const DRAIN_QUIET_MS = 1000
const DRAIN_MS = 2000
const LOOK_MS = 50

/**
 * As much as a pipe holds. Every pipe is read into it, one after the other: a buffer for each read would be
 * 64 KiB of garbage each, up to 80 MB at a time while a command floods.
 */
const readInto = Buffer.allocUnsafeSlow(64 * 1024)

export class Reader {
  readonly #fd: number
  #onOutput: (chunk: Buffer) => void = () => undefined
  #timer: NodeJS.Timeout | null = null
  #flow: Flow | null = null
  #seenEnd = false
  #heard = 0

  /** Takes over the descriptor, which must not block. */
  constructor(fd: number) {
    this.#fd = fd
  }

  /** All was read, and nobody holds the write end any more. */
  get seenEnd(): boolean {
    return this.#seenEnd || this.#flow?.ended === true
  }

  /** From now on what is written is handed over; the chunk is to be copied, for it is overwritten next. */
  start(onOutput: (chunk: Buffer) => void): void {
    this.#onOutput = onOutput
    this.#timer = setTimeout(() => this.#flowing(), QUICK_MS)
  }

  /**
   * Reads on after the writer is gone: to the end, or until nothing came for a second, two seconds at
   * most, because whoever else holds the pipe may hold it for ever. True when the end was seen.
   */
  async drain(): Promise<boolean> {
    this.#stopTimer()
    if (this.#flow === null && this.#readNow()) return true
    const flow = this.#flowing()
    flow.unpace()
    const begun = performance.now()
    this.#heard = begun
    const atEnd = flow.over.then(() => true)
    for (;;) {
      const now = performance.now()
      const patient = now - this.#heard < DRAIN_QUIET_MS && now - begun < DRAIN_MS
      const over = await Promise.race([atEnd, sleep(patient ? LOOK_MS : 0, false, { ref: false })])
      if (over || !patient) return over
    }
  }

  close(): void {
    this.#stopTimer()
    if (this.#flow === null) closeSync(this.#fd)
    else this.#flow.socket.destroy()
  }

  /** Reads what is there. True at the end; false when somebody may still write. */
  #readNow(): boolean {
    for (let total = 0; total < QUICK_BYTES; ) {
      const bytes = readSome(this.#fd)
      if (bytes === null) return false
      if (bytes.length === 0) {
        this.#seenEnd = true
        return true
      }
      total += bytes.length
      this.#onOutput(bytes)
    }
    return false
  }

  #flowing(): Flow {
    this.#flow ??= flowFrom(this.#fd, (chunk) => {
      this.#heard = performance.now()
      this.#onOutput(chunk)
    })
    return this.#flow
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

/** Null when nothing is there now, empty at the end. */
function readSome(fd: number): Buffer | null {
  try {
    return readInto.subarray(0, readSync(fd, readInto))
  } catch (thrown) {
    if (systemCode(thrown) === 'EAGAIN') return null
    throw thrown
  }
}

interface Flow {
  readonly socket: Socket
  ended: boolean
  /** Resolves at the end, or when reading fails; never rejects. */
  readonly over: Promise<void>
  unpace(): void
}

function flowFrom(fd: number, onOutput: (chunk: Buffer) => void): Flow {
  const socket: Socket = new Socket({
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: readInto,
      callback(length) {
        socket.emit('data', readInto.subarray(0, length))
        return true
      },
    },
  })
  const over = Promise.withResolvers<void>()
  const flow: Flow = { socket, ended: false, over: over.promise, unpace: pace(socket) }
  socket.on('data', onOutput)
  socket.once('end', () => {
    flow.ended = true
    over.resolve()
  })
  socket.once('error', () => over.resolve())
  socket.once('close', () => over.resolve())
  return flow
}
