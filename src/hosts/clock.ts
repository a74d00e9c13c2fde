/**
 * Signed times. They are judged after the signature, so that only a sender who holds the secret learns
 * our clock.
 */

/** Either way from our clock (standard-webhooks.com, and our own choice where a host names no limit). */
export const FIVE_MINUTES_MS = 300_000

/** Null when the time is near enough, else a sentence with both clocks in it. */
export function clockProblem(signedAt: number, now: number, toleranceMs: number): string | null {
  if (Math.abs(now - signedAt) <= toleranceMs) return null
  const iso = (time: number) => new Date(time).toISOString()
  const apart = `over ${inWords(toleranceMs)} apart`
  return `signed at ${iso(signedAt)} by the sender's clock, ours says ${iso(now)}: ${apart}`
}

/** Unix seconds, milliseconds, or a date as HTTP and ISO 8601 write it. Null: not a time. */
export function readTime(text: string): number | null {
  if (/^[0-9]{9,11}$/.test(text)) return Number(text) * 1000
  if (/^[0-9]{12,14}$/.test(text)) return Number(text)
  const time = /^[A-Za-z0-9][A-Za-z0-9 ,:+.-]{9,39}$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : time
}

function inWords(milliseconds: number): string {
  const seconds = milliseconds / 1000
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`
}
