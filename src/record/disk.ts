/**
 * How much room the disk of the data directory has. When it runs short, outputs give way first, so that
 * deliveries can still be stored; when it is all but full, deliveries are refused while the database can
 * still write how its runs end.
 */

import { statfsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { messageOf, RunhookError } from '../errors.ts'
import type { Log } from '../log.ts'

const MIB = 2 ** 20
const LOOK_MS = 5000
const LOOK_SHORT_MS = 1000

/** Outputs give way below the smaller of both: a small disk is not short of room from its first day. */
const SHORT = { bytes: 64 * MIB, share: 0.05 }
/** Deliveries are refused below this. */
const FULL = { bytes: 16 * MIB, share: 0.01 }

export type Room = 'enough' | 'short' | 'full'

export class Disk {
  readonly #directory: string
  readonly #log: Log
  #room: Room = 'enough'
  #free = 0
  #timer: NodeJS.Timeout | null = null

  constructor(directory: string, log: Log) {
    this.#directory = directory
    this.#log = log
  }

  /** Looks from now on; the directory must exist. Where its file system does not tell, there is room. */
  start(): void {
    try {
      this.#take(statfsSync(this.#directory))
    } catch (error) {
      this.#log.warn(
        `how full the disk of ${this.#directory} is cannot be told: ${messageOf(error)}`,
      )
    }
    this.#lookLater()
  }

  get room(): Room {
    return this.#room
  }

  /** Why nothing new can be stored, or null. */
  get refusal(): RunhookError | null {
    if (this.#room !== 'full') return null
    return new RunhookError('storage', `The disk of ${this.#directory} is full: ${this.#left()}.`, {
      hint: 'Free some space; nothing has to be restarted.',
    })
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #lookLater(): void {
    const look = async () => {
      const found = await statfs(this.#directory).catch(() => null)
      if (this.#timer === null) return
      if (found) this.#take(found)
      this.#lookLater()
    }
    const ms = this.#room === 'enough' ? LOOK_MS : LOOK_SHORT_MS
    this.#timer = setTimeout(look, ms).unref()
  }

  #take(found: { bavail: number; blocks: number; bsize: number }): void {
    const free = found.bavail * found.bsize
    const room = roomOf(free, found.blocks * found.bsize)
    this.#free = free
    if (room === this.#room) return
    this.#room = room
    const where = `the disk of ${this.#directory}`
    if (room === 'enough') this.#log.info(`    ${where} has room again: ${this.#left()}`)
    else if (room === 'short')
      this.#log.warn(
        `    ${where} is short of room: ${this.#left()}; of outputs only the end is kept`,
      )
    else this.#log.error(`    ${where} is full: ${this.#left()}; deliveries are refused with 503`)
  }

  #left(): string {
    return `${(this.#free / MIB).toFixed(1)} MiB are free`
  }
}

/** For a disk of so many bytes. One that tells no size (blocks are 0) is never short. */
export function roomOf(free: number, size: number): Room {
  if (size === 0) return 'enough'
  if (free < Math.min(FULL.bytes, FULL.share * size)) return 'full'
  return free < Math.min(SHORT.bytes, SHORT.share * size) ? 'short' : 'enough'
}
