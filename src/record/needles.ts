/**
 * Many byte strings looked for at once, without looking at every byte: as none is shorter than eight,
 * two bytes that occur in no beginning of eight let the search jump (Wu and Manber, "A fast algorithm
 * for multi-pattern searching", 1994). What an output costs hardly grows with the number of secrets.
 */

/** All strings are told apart by so many first bytes; none may be shorter. */
const KEY = 8

export class Needles {
  /** By the last two bytes of a window of eight: how far it may jump; 0 = look closer. */
  readonly #jump = new Uint8Array(2 ** 16).fill(KEY - 1)
  /** By the first two bytes of a window: 1 when some needle begins like that. */
  readonly #opens = new Uint8Array(2 ** 16)
  readonly #byKey = new Map<number, Buffer[]>()
  /** All that a window cut short could be: one to seven first bytes, as latin1. */
  readonly #openings = new Set<string>()

  /** Each of at least eight bytes. */
  constructor(needles: readonly Buffer[]) {
    for (const needle of needles) this.#add(needle)
  }

  /**
   * Tells every occurrence, in the order of where they begin, the longest at each place. Resolves to
   * where an occurrence may begin whose end has not come yet; with `last` nothing more comes.
   */
  search(bytes: Buffer, last: boolean, found: (from: number, to: number) => void): number {
    const jump = this.#jump
    const end = bytes.length
    for (let at = KEY - 1; at < end; ) {
      const step = jump[pair(bytes, at - 1)] ?? 0
      if (step > 0) {
        at += step
        continue
      }
      const from = at - (KEY - 1)
      at += 1
      if (this.#opens[pair(bytes, from)] === 0) continue
      const { length, mayGrow } = this.#longestAt(bytes, from)
      if (mayGrow && !last) return from
      if (length > 0) found(from, from + length)
    }
    return last ? end : this.#opening(bytes)
  }

  #add(needle: Buffer): void {
    const key = keyAt(needle, 0)
    const same = this.#byKey.get(key)
    if (same) same.push(needle)
    else this.#byKey.set(key, [needle])
    this.#opens[pair(needle, 0)] = 1
    for (let at = 1; at < KEY; at += 1) {
      const two = pair(needle, at - 1)
      this.#jump[two] = Math.min(this.#jump[two] ?? 0, KEY - 1 - at)
      this.#openings.add(needle.toString('latin1', 0, at))
    }
  }

  /** Length of the longest needle that stands here whole, and whether a longer one may be on its way. */
  #longestAt(bytes: Buffer, from: number): { length: number; mayGrow: boolean } {
    const end = bytes.length
    let length = 0
    let mayGrow = false
    for (const needle of this.#byKey.get(keyAt(bytes, from)) ?? []) {
      const there = Math.min(needle.length, end - from)
      if (bytes.compare(needle, 0, there, from, from + there) !== 0) continue
      if (there < needle.length) mayGrow = true
      else length = Math.max(length, there)
    }
    return { length, mayGrow }
  }

  /** Where, among the last seven bytes, a needle may begin; their end when nowhere. */
  #opening(bytes: Buffer): number {
    const end = bytes.length
    for (let from = Math.max(0, end - (KEY - 1)); from < end; from += 1)
      if (this.#openings.has(bytes.toString('latin1', from, end))) return from
    return end
  }
}

function pair(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** Different beginnings may share one: whoever asks compares. */
function keyAt(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at) ^ Math.imul(bytes.readInt32LE(at + 4), 0x9e3779b1)
}
