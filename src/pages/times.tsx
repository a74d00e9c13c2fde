/** Times and durations on a page: short to read, exact to look at. */

import { ago, stamp } from '../show/when.ts'

/** `2m ago`, and older while one looks (client/clock.ts); the exact time when pointed at, and for machines. */
export function When({ at, now }: { at: number; now: number }) {
  return (
    <time datetime={new Date(at).toISOString()} title={`${stamp(at)} (${zone})`} data-age>
      {ago(at, now)}
    </time>
  )
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
