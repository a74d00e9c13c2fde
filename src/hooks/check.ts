/** One finding of a verdict: what a rule wanted, what it found, and both in a clause. */

import type { Check } from '../model/delivery.ts'

/** What was found says enough. */
export function pass(rule: string, found: string, wanted = ''): Check {
  return { rule, result: 'pass', wanted, found, says: found }
}

export function fail(rule: string, wanted: string, found: string, says: string): Check {
  return { rule, result: 'fail', wanted, found, says }
}

/** Passes, because there is nothing to judge by. */
export function unknown(rule: string, wanted: string, says: string): Check {
  return { rule, result: 'unknown', wanted, found: '', says }
}
