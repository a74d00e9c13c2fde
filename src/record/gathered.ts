/**
 * Small pieces joined into one block until it is taken. Bytes are copied, because a Buffer per piece
 * weighs more than most pieces, and a slice of a big one would keep all of it alive.
 */

const SMALLEST = 1024

export class Gathered {
  #block = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  add(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length
    if (needed > this.#block.length) this.#grow(Math.max(needed, this.#block.length * 2, SMALLEST))
    this.#block.set(bytes, this.#length)
    this.#length = needed
  }

  /** A copy of a part of it. */
  copy(from: number, to: number): Uint8Array {
    return Buffer.from(this.#block.subarray(from, Math.min(to, this.#length)))
  }

  /** Forgets the first bytes. */
  drop(count: number): void {
    const rest = this.#block.subarray(count, this.#length)
    this.#block = Buffer.alloc(0)
    this.#length = 0
    if (rest.length > 0) this.add(rest)
  }

  /** Everything gathered so far; begins anew. */
  take(): Uint8Array {
    const bytes = this.#block.subarray(0, this.#length)
    this.#block = Buffer.alloc(0)
    this.#length = 0
    return bytes
  }

  #grow(size: number): void {
    const block = Buffer.allocUnsafeSlow(size)
    block.set(this.#block.subarray(0, this.#length))
    this.#block = block
  }
}
