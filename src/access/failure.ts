/** What went wrong at the door, before it is known who asks: so it says nothing that not everybody may know. */

import { RunhookError } from '../errors.ts'
import { CALLBACK_PATH } from '../hooks/oidc.ts'
import { noticePage } from './layout.ts'

const AWAY =
  'The database of this server, or its disk, does not answer just now; the log of the server says why. This page loads again by itself.'

/** How soon a browser asks again for what it only wanted to see, seconds. */
const AGAIN = '5'

/** Of our own errors their words; anything else may hold what callers must not see. */
export async function failurePage(
  thrown: unknown,
  report: ((thrown: unknown) => void) | undefined,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<Response> {
  if (thrown instanceof RunhookError && thrown.httpStatus < 500) {
    const words = `${thrown.message} ${thrown.hint ?? ''}`.trim()
    return noticePage(thrown.httpStatus, 'Not done', words)
  }
  if (thrown instanceof RunhookError && thrown.code === 'busy')
    return noticePage(503, 'Busy', thrown.message)
  report?.(thrown)
  if (thrown instanceof RunhookError && thrown.code === 'storage')
    return awayPage((method === 'GET' || method === 'HEAD') && path !== CALLBACK_PATH)
  const words = 'Something went wrong inside the server. Its log says what.'
  return noticePage(500, 'Failed', words)
}

/** `isLook`: asking again changes nothing, as it would for a code of a provider that counts once. */
async function awayPage(isLook: boolean): Promise<Response> {
  const words = isLook ? AWAY : AWAY.replace(/ This page.*/, ' Go back and try again in a moment.')
  const answer = await noticePage(503, 'Not at the moment', words)
  answer.headers.set('retry-after', AGAIN)
  if (isLook) answer.headers.set('refresh', AGAIN)
  return answer
}
