/**
 * Looking into files that somebody else chose. A path may be a FIFO, whose opening waits for a writer and
 * would hold up the server for good, a device, or something huge; and it may become one between a look at
 * it and the next. So: one open that never waits, and what was opened is asked what it is.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

export interface Peeked {
  readonly bytes: Buffer
  /** Of the whole file. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly writtenAt: number
}

/** The first bytes of a regular file, at most so many; null when it is something else. Throws the system's error. */
export function peek(path: string, most: number): Peeked | null {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) return null
    const bytes = Buffer.alloc(Math.min(most, Math.max(stats.size, 4096)))
    const length = readSync(fd, bytes)
    return { bytes: bytes.subarray(0, length), size: stats.size, writtenAt: stats.mtimeMs }
  } finally {
    closeSync(fd)
  }
}
