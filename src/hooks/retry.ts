/** From `retry` to what is tried again, how often and after what wait. */

import { LONGEST_DELAY_MS, type Retry } from '../model/hook.ts'
import type { HookDraft } from './draft.ts'
import { readDuration } from './surroundings.ts'
import { asList } from './triggers.ts'

export function readRetry({ written: { retry }, path, report }: HookDraft): Retry | null {
  if (retry === undefined) return null
  const at = [...path, 'retry']
  const on = retry.on === undefined ? (['failure', 'timed_out'] as const) : asList(retry.on)
  if (on.length === 0)
    report.error([...at, 'on'], 'is an empty list; leave "retry" out where nothing is tried again')
  const delayMs = readDuration([...at, 'delay'], retry.delay ?? '10s', report, { zero: true })
  if (delayMs > LONGEST_DELAY_MS)
    report.error([...at, 'delay'], 'is longer than an hour, the longest wait between two attempts')
  return { times: retry.times, delayMs, on }
}
