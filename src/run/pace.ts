/**
 * How fast output is read. A command that prints without end would take a whole processor of the
 * server to be thrown away, so after a generous first part it is read slowly, and waits. Nothing is
 * dropped here.
 */

import type { Socket } from 'node:net'

/** More than any log that somebody will read; well under a second of reading. */
const FREE_BYTES = 256 * 2 ** 20
const BYTES_PER_SECOND = 16 * 2 ** 20
const PAUSE_MS = 100

/** Begins to pace. Call what it returns once the writer is gone: what is left is read without delay. */
export function pace(output: Socket): () => void {
  let allowance = FREE_BYTES
  let timer: NodeJS.Timeout | null = null
  const resume = () => {
    timer = null
    allowance = (BYTES_PER_SECOND * PAUSE_MS) / 1000
    output.resume()
  }
  const count = (chunk: Buffer) => {
    allowance -= chunk.length
    if (allowance > 0 || timer !== null) return
    output.pause()
    timer = setTimeout(resume, PAUSE_MS)
  }
  output.on('data', count)
  return () => {
    output.off('data', count)
    if (timer === null) return
    clearTimeout(timer)
    output.resume()
  }
}
