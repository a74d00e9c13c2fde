/** Times and durations on a page: short to read, exact to look at. */

import { ago, stamp } from '../show/when.ts'

/** `2m ago`, and older while one looks (client/clock.ts); the exact time when pointed at, on paper, and for machines. */
export function When({ at, now }: { at: number; now: number }) {
  return (
    <time datetime={new Date(at).toISOString()} title={exactTime(at)} data-age>
      {ago(at, now)}
    </time>
  )
}

/** `2026-11-23 14:32:15 UTC+01:00`, where the server is. */
export function exactTime(at: number): string {
  const ahead = -new Date(at).getTimezoneOffset()
  const two = (number: number) => String(number).padStart(2, '0')
  const minutes = Math.abs(ahead)
  const offset = `${ahead < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${stamp(at)} UTC${ahead === 0 ? '' : offset}`
}
