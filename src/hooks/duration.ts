/**
 * Durations as people write them in the hooks file: `30s`, `10m`, `1h30m`, `500ms`, `2d`. Strict: units
 * from large to small, each once, no spaces. Always under 2^31 ms: a longer setTimeout fires at once.
 */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** For the JSON Schema: the same language, without the upper limit. */
export const durationSyntax = /^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/

const longest = 2 ** 31 - 1

/** Milliseconds, or what is wrong as the end of a sentence that begins with the text. */
export function parseDuration(text: string): { ms: number } | { problem: string } {
  const ms = millisecondsOf(text)
  if (ms === null) return { problem: `is not a duration; write ${suggestDuration(text)}` }
  return ms > longest ? { problem: 'is too long; the longest is 24d' } : { ms }
}

/** How long something is kept, which no timer waits for: an hour to ten years. */
export function parseAge(text: string): { ms: number } | { problem: string } {
  const ms = millisecondsOf(text)
  if (ms === null) return { problem: 'is not a duration; write "14d"' }
  if (ms < 3_600_000) return { problem: 'is too short; the shortest is 1h' }
  return ms > 3650 * 86_400_000 ? { problem: 'is too long; the longest is 3650d' } : { ms }
}

function millisecondsOf(text: string): number | null {
  const parts = durationSyntax.exec(text)?.slice(1)
  if (parts === undefined) return null
  return units.reduce((sum, [, size], index) => sum + count(parts[index]) * size, 0)
}

/** The shortest text that parses to these milliseconds. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms)
  let text = ''
  for (const [unit, size] of units) {
    const whole = Math.floor(rest / size)
    rest -= whole * size
    if (whole > 0) text += `${whole}${unit}`
  }
  return text === '' ? '0s' : text
}

/** What somebody who wrote `10 min` probably meant, quoted; otherwise examples. */
export function suggestDuration(text: string): string {
  const [, number = '', word = ''] = /^\s*(\d{1,9})\s*([a-z]+)\s*$/i.exec(text) ?? []
  const unit = unitOf(word.toLowerCase())
  return unit === null ? '"30s", "10m" or "1h30m"' : `"${number}${unit}"`
}

function count(part: string | undefined): number {
  return part === undefined ? 0 : Number.parseInt(part, 10)
}

function unitOf(word: string): string | null {
  const spellings = [
    ['ms', /^(ms|msecs?|millis|milliseconds?)$/],
    ['s', /^(s|secs?|seconds?)$/],
    ['m', /^(m|mins?|minutes?)$/],
    ['h', /^(h|hrs?|hours?)$/],
    ['d', /^(d|days?)$/],
  ] as const
  return spellings.find(([, spelling]) => spelling.test(word))?.[0] ?? null
}
