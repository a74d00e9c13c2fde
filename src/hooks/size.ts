/**
 * Sizes as people write them in the hooks file: `512MiB`, `1GiB`, `100kB`, `2GB`. Strict: one whole number
 * and one unit, no space. kB, MB, GB and TB count by 1000, KiB, MiB, GiB and TiB by 1024; `512M` is neither
 * and is refused, because tools do not agree on what it means.
 */

const units = [
  ['TiB', 2 ** 40],
  ['TB', 1e12],
  ['GiB', 2 ** 30],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['MB', 1e6],
  ['KiB', 2 ** 10],
  ['kB', 1000],
  ['B', 1],
] as const

/** For the JSON Schema: the same language, without the upper limit. */
export const sizeSyntax = /^(\d+)(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)$/

/** Bytes; NaN for a text that `sizeProblem` has something to say about. */
export function parseSize(text: string): number {
  const [, number, unit] = sizeSyntax.exec(text) ?? []
  const factor = units.find(([name]) => name === unit)?.[1] ?? Number.NaN
  const bytes = Number(number) * factor
  return Number.isSafeInteger(bytes) ? bytes : Number.NaN
}

/** What is wrong, as the end of a sentence that begins with the text; null when it is a size. */
export function sizeProblem(text: string): string | null {
  if (!sizeSyntax.test(text)) return `is not a size; write ${suggestSize(text)}`
  return Number.isNaN(parseSize(text)) ? 'is too large; the largest is 8191TiB' : null
}

/** The shortest text that parses to these bytes; of two, the one that counts by 1024. */
export function formatSize(bytes: number): string {
  const texts = units
    .filter(([, factor]) => bytes > 0 && bytes % factor === 0)
    .map(([unit, factor]) => `${bytes / factor}${unit}`)
  const least = Math.min(...texts.map((text) => text.length))
  return texts.find((text) => text.length === least) ?? '0B'
}

/** What somebody who wrote `512 mb` or `2g` probably meant, quoted; otherwise examples. */
export function suggestSize(text: string): string {
  const [, number = '', word = ''] =
    /^\s*(\d{1,9})\s*([a-z]+)\s*$/i.exec(text.replace(/bytes?$/i, 'b')) ?? []
  const [, letter = '', binary] = /^([kmgt]?)(i?)b?$/.exec(word.toLowerCase()) ?? []
  if (number === '' || (letter === '' && word.toLowerCase() !== 'b'))
    return '"512MiB", "1GiB" or "100MB"'
  if (letter === '') return `"${number}B"`
  const prefix = letter.toUpperCase()
  // A letter alone is what memory limits of other tools count by 1024.
  const isBinary = binary === 'i' || word.length === 1
  if (isBinary) return `"${number}${prefix}iB"`
  return `"${number}${prefix === 'K' ? 'k' : prefix}B"`
}
