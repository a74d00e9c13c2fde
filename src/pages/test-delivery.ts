/** A delivery as the host would send it, to our own address: it goes the whole way that a real one goes. */

import { messageOf, RunhookError } from '../errors.ts'
import { composeCall } from '../hosts/call.ts'
import type { Hook } from '../model/hook.ts'
import type { PagesParts } from './parts.ts'

const PATIENCE_MS = 35_000

/** Resolves with the HTTP status of the answer. */
export async function sendTest({ listensAt }: PagesParts, hook: Hook): Promise<number> {
  const call = composeCall(hook, {}, null, Date.now())
  const url = URL.parse(hook.path + call.query, listensAt())
  if (!url) throw unreachable('the server listens on a socket of its own')
  const { method, body } = call
  const headers = { ...call.headers, 'X-Runhook-Test': 'send' } // so that nobody rolls back to its commit
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(method === 'GET' ? {} : { body: new Uint8Array(body) }),
    })
    await answer.body?.cancel()
    return answer.status
  } catch (thrown) {
    throw unreachable(messageOf(thrown instanceof Error && thrown.cause ? thrown.cause : thrown))
  }
}

function unreachable(why: string): RunhookError {
  return new RunhookError('unreachable', `The test delivery could not be sent: ${why}.`, {
    hint: 'Send one from the command line with "runhook send".',
  })
}
