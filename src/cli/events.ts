/** The events of a run as they come over the socket, one JSON object a line. */

import { RunhookError } from '../errors.ts'
import type { RunEvent } from '../show/events.ts'
import type { Client } from './client.ts'

/** Ends with the event `end`; a stream that breaks off before it is a server that went away. */
export async function* eventsOf(client: Client, runId: number): AsyncGenerator<RunEvent> {
  try {
    for await (const line of linesOf(await client.bytes(`/runs/${runId}/events`))) {
      const event = JSON.parse(line) as RunEvent // written by show/events.ts
      yield event
      if ('end' in event) return
    }
  } catch (cause) {
    if (cause instanceof RunhookError) throw cause
    throw wentAway(runId, cause)
  }
  throw wentAway(runId)
}

function wentAway(runId: number, cause?: unknown): RunhookError {
  return new RunhookError('unreachable', `The server went away while run #${runId} was going on.`, {
    hint: `Once it is back, "runhook logs ${runId}" tells how it ended.`,
    cause,
  })
}

async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
