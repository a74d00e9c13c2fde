/**
 * The last bytes of something long, in a fixed amount of memory. Everything is copied in and copied
 * out, so no buffer of the caller is kept alive. Positions count from the first byte ever written.
 */

export class Ring {
  readonly #bytes: Buffer
  #total = 0

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size)
  }

  /** Bytes ever written: the position after the newest one. */
  get end(): number {
    return this.#total
  }

  /** Position of the oldest byte still held. */
  get start(): number {
    return Math.max(0, this.#total - this.#bytes.length)
  }

  write(chunk: Uint8Array): void {
    const size = this.#bytes.length
    const kept = chunk.subarray(Math.max(0, chunk.length - size))
    const at = (this.#total + chunk.length - kept.length) % Math.max(1, size)
    const first = kept.subarray(0, size - at)
    this.#bytes.set(first, at)
    this.#bytes.set(kept.subarray(first.length), 0)
    this.#total += chunk.length
  }

  /** A copy of the bytes from position `from`, at most `limit` of them. */
  read(from: number, limit: number): Buffer {
    const length = Math.min(limit, this.#total - from)
    const at = from % Math.max(1, this.#bytes.length)
    const first = this.#bytes.subarray(at, at + length)
    return Buffer.concat([first, this.#bytes.subarray(0, length - first.length)])
  }
}
