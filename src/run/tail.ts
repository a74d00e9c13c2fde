/** The last of what a step wrote, kept while its output goes by: what it failed of usually stands there. */

/** Some forty lines: a program that fails prints its reason, and git a paragraph of advice beneath it. */
const KEPT = 4096

export class Tail {
  #bytes = Buffer.alloc(0)

  add(chunk: Uint8Array): void {
    const kept = chunk.length >= KEPT ? [chunk] : [this.#bytes, chunk]
    // A copy, so that a large chunk is not held for its last part.
    this.#bytes = Buffer.concat(kept.map((bytes) => bytes.subarray(-KEPT))).subarray(-KEPT)
  }

  /** It may begin within a line, or within a character. */
  text(): string {
    return this.#bytes.toString('utf8')
  }
}
