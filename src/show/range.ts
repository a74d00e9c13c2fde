/**
 * `Range: bytes=…` as RFC 9110 section 14 means it, for one range. Whatever else stands in the header
 * (other units, several ranges, nonsense) is not heeded, as that section allows: the answer is the whole.
 */

/** First byte, and the one after the last. */
export interface Part {
  readonly from: number
  readonly to: number
}

/** Null: send the whole. `none`: nothing of this size is in that range (416). */
export function rangeOf(header: string | undefined, size: number): Part | 'none' | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return null
  if (first === '') return within(size - Number(last), size, size)
  if (last !== '' && Number(last) < Number(first)) return null
  return within(Number(first), last === '' ? size : Number(last) + 1, size)
}

function within(from: number, to: number, size: number): Part | 'none' {
  const part = { from: Math.max(0, from), to: Math.min(to, size) }
  return part.from < part.to ? part : 'none'
}
