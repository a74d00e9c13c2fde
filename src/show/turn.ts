/**
 * What is drawn for people takes time of the one thread that also takes deliveries: a long page, a piece of a long
 * log. Many of them at once would come one after the other with nothing between, for what they read of SQLite is there
 * at once. So each waits for a turn of the event loop that is its own, and what else came is answered between two.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'

/** Of the process, as the event loop is: whoever draws stands in one line. */
let last: Promise<unknown> = Promise.resolve()

/** Resolves when nobody else draws in this turn. */
export function ownTurn(): Promise<unknown> {
  last = last.then(() => nextTurn())
  return last
}
