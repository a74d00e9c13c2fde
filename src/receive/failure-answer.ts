/** What a sender is told when something here failed, and nothing was kept of what he sent. */

import { messageOf, RunhookError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Answer, plain, unavailable } from './answer.ts'

/** Waiting runs go down as commands end, which takes them longer than a full disk takes to be noticed. */
const FULL_SECONDS = 30

/** That the store refuses is told by the refusals: with each delivery there would be no end of it. */
export function failureAnswer(log: Log, error: unknown): Answer {
  if (error instanceof RunhookError && error.code === 'unreachable') {
    return unavailable(`${error.message} ${error.hint ?? ''}`.trim())
  }
  if (error instanceof RunhookError && error.code === 'busy')
    return unavailable('Too many runs wait; nothing was kept. Send it again.', FULL_SECONDS)
  if (error instanceof RunhookError && error.code === 'storage') {
    return unavailable('The delivery could not be stored; nothing was kept. Send it again.')
  }
  log.error({ err: error }, `a delivery failed: ${messageOf(error)}`)
  return plain(500, 'Something went wrong here; nothing was kept. Send it again.')
}
