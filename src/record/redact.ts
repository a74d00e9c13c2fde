/**
 * Secrets are taken out of an output before anything of it is stored or shown. Where the pieces of the
 * output begin and end makes no difference: the end of a piece that may be the beginning of a secret is
 * held back until more has come, or the section is over. No clock lets it go earlier, for then whoever
 * prints slowly would print a secret; what is held is never longer than the longest form of a secret.
 */

import { formsOf } from './forms.ts'
import { Needles } from './needles.ts'
import type { Closed, OutputWriter } from './writer.ts'

/** Stands for each secret, as in GitHub's logs. */
const MARK = Buffer.from('***')
const NOTHING = Buffer.alloc(0)

export class Redactor {
  readonly #needles: Needles

  private constructor(forms: readonly Buffer[]) {
    this.#needles = new Needles(forms)
  }

  /** Null when there is nothing to hide, so that nothing needs to be looked for. */
  static of(secrets: readonly string[]): Redactor | null {
    const forms = secrets.flatMap(formsOf)
    return forms.length === 0 ? null : new Redactor(forms)
  }

  /** The text with a mark for each secret in it. */
  text(text: string): string {
    const parts: Buffer[] = []
    const redaction = this.stream((bytes) => parts.push(Buffer.from(bytes)))
    redaction.write(Buffer.from(text))
    redaction.settle()
    return Buffer.concat(parts).toString()
  }

  /** `out` is given what may be stored; it must copy what it keeps. */
  stream(out: (bytes: Uint8Array) => void): Redaction {
    return new Redaction(this.#needles, out)
  }

  writer(writer: OutputWriter): OutputWriter {
    return new RedactingWriter(this.stream.bind(this), writer)
  }
}

/**
 * One output on its way. A byte is hidden when any occurrence of any secret covers it, and each stretch
 * of hidden bytes becomes one mark: so two secrets that overlap leave nothing of either.
 */
export class Redaction {
  readonly #needles: Needles
  readonly #out: (bytes: Uint8Array) => void
  /** The end of what came, which is not decided yet. */
  #held = NOTHING
  /** So many of its first bytes are known to be hidden. */
  #hidden = 0
  /** The last that went out was a mark, and what comes next may belong to the same stretch. */
  #marked = false

  constructor(needles: Needles, out: (bytes: Uint8Array) => void) {
    this.#needles = needles
    this.#out = out
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#pass(this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]), false)
  }

  /** Lets go what is held: no secret goes on after this. */
  settle(): void {
    if (this.#held.length > 0) this.#pass(this.#held, true)
    this.#marked = false
  }

  #pass(bytes: Buffer, last: boolean): void {
    let done = 0
    let hidden = this.#hidden
    const upTo = (end: number) => {
      const stretch = Math.min(hidden, end)
      if (stretch > done) this.#mark()
      done = Math.max(done, stretch)
      if (end > done) this.#show(bytes.subarray(done, end))
      done = Math.max(done, end)
    }
    const held = this.#needles.search(bytes, last, (from, to) => {
      if (from > hidden) upTo(from)
      hidden = Math.max(hidden, to)
    })
    upTo(held)
    this.#hidden = Math.max(0, hidden - held)
    this.#held = held === bytes.length ? NOTHING : Buffer.from(bytes.subarray(held))
  }

  #mark(): void {
    if (!this.#marked) this.#out(MARK)
    this.#marked = true
  }

  #show(bytes: Uint8Array): void {
    this.#marked = false
    this.#out(bytes)
  }
}

/** Counts and places are of what is left after redaction: that is all there is of the output. */
class RedactingWriter implements OutputWriter {
  readonly #writer: OutputWriter
  readonly #redaction: Redaction

  constructor(stream: Redactor['stream'], writer: OutputWriter) {
    this.#writer = writer
    this.#redaction = stream((bytes) => writer.write(bytes))
  }

  get written(): number {
    return this.#writer.written
  }

  write(chunk: Uint8Array): void {
    this.#redaction.write(chunk)
  }

  settle(): void {
    this.#redaction.settle()
  }

  close(): Promise<Closed> {
    this.#redaction.settle()
    return this.#writer.close()
  }
}
