/**
 * Events to a browser that stays (text/event-stream). Its page comes back by itself with the id of the last
 * event it got: see client/connection.ts. A line now and then keeps proxies, and the page, from taking the
 * silence for the end.
 */

import { streamOf } from '../show/answers.ts'

export interface SseEvent {
  readonly event: string
  readonly id?: string
  /** Becomes JSON: no newline of a command can be taken for one of the protocol. */
  readonly data: unknown
}

const BEAT_MS = 15_000

/** `wait`, ms: after how long a browser that was cut off comes back. */
export function sseAnswer(events: AsyncIterable<SseEvent | 'beat'>, wait = 1000): Response {
  return new Response(streamOf(encode(events, wait)), {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  })
}

async function* encode(
  events: AsyncIterable<SseEvent | 'beat'>,
  wait: number,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  yield encoder.encode(`retry: ${wait}\n\n`)
  for await (const one of events) {
    if (one === 'beat') yield encoder.encode(': still here\n\n')
    else
      yield encoder.encode(
        `event: ${one.event}\n${idLine(one)}data: ${JSON.stringify(one.data)}\n\n`,
      )
  }
}

function idLine({ id }: SseEvent): string {
  return id === undefined ? '' : `id: ${id}\n`
}

/** Pieces as they come, and a beat wherever nothing came for a while. Lets go of the source when left. */
export async function* withBeats<Value>(
  source: AsyncIterable<Value>,
  every = BEAT_MS,
): AsyncGenerator<Value | 'beat'> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    let next = iterator.next()
    for (;;) {
      const came = await soonest(next, every)
      if (came === 'beat') {
        yield 'beat'
        continue
      }
      if (came.done) return
      yield came.value
      next = iterator.next()
    }
  } finally {
    iterator.return?.()?.catch(() => {}) // nobody waits for it any more
  }
}

async function soonest<Value>(promise: Promise<Value>, ms: number): Promise<Value | 'beat'> {
  const { promise: late, resolve } = Promise.withResolvers<'beat'>()
  const timer = setTimeout(() => resolve('beat'), ms).unref()
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
