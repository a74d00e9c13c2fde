/** A time to look back to, as people say it: a day of the calendar, an exact moment, or so long ago. */

import { parseAge } from '../hooks/duration.ts'
import type { Reader } from './parameters.ts'

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/
const AGE = /^(\d+d)?(\d+h)?$/

export const allowedSince =
  'a day such as 2026-11-23, a time such as 2026-11-23T14:00Z, or 12h or 7d'

/** Milliseconds since 1970. A day begins at midnight in the time zone of the server. */
export const since: Reader<number> = {
  allowed: allowedSince,
  schema: { type: 'string', pattern: [DAY, MOMENT, AGE].map(({ source }) => source).join('|') },
  read: (text) => readDay(text) ?? readMoment(text) ?? readAge(text),
}

function readDay(text: string): number | undefined {
  const [year, month, day] = DAY.exec(text)?.slice(1).map(Number) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = new Date(year, month - 1, day)
  // 31 February would be a day in March.
  return date.getMonth() === month - 1 && date.getDate() === day ? date.getTime() : undefined
}

function readMoment(text: string): number | undefined {
  const time = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

function readAge(text: string): number | undefined {
  const age = AGE.test(text) ? parseAge(text) : { problem: 'neither' }
  return 'ms' in age ? Date.now() - age.ms : undefined
}
