/**
 * Answers that are not plain JSON values: failures, stored bytes, and streams.
 */

import { RunhookError } from '../errors.ts'

/** What a caller sees of a failure. `internal` is the one code that is not ours to name. */
export interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null }
}

/** Only our own errors are told in their words; anything else may hold what callers must not see. */
export function failureAnswer(thrown: unknown, report?: (thrown: unknown) => void): Response {
  if (thrown instanceof RunhookError) {
    if (thrown.httpStatus >= 500) report?.(thrown)
    const { code, message, hint, httpStatus } = thrown
    return Response.json({ error: { code, message, hint } } satisfies Failure, {
      status: httpStatus,
    })
  }
  report?.(thrown)
  const message = 'Something went wrong inside the server.'
  const error = { code: 'internal', message, hint: 'Its log says what.' }
  return Response.json({ error } satisfies Failure, { status: 500 })
}

/**
 * Bytes that commands and senders wrote. Always a download and never a page, so that a browser does not
 * run what is in them.
 */
export function bytesAnswer(
  bytes: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>,
  type: string,
  filename: string,
): Response {
  return new Response(bytes instanceof Uint8Array ? bytes : streamOf(bytes), {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="${filename}"`,
      'content-security-policy': "default-src 'none'; sandbox",
    },
  })
}

/** One JSON value a line, each sent when it comes. */
export function linesAnswer(values: AsyncIterable<unknown>): Response {
  return new Response(streamOf(encodeLines(values)), {
    headers: { 'content-type': 'application/x-ndjson; charset=utf-8', 'x-accel-buffering': 'no' },
  })
}

async function* encodeLines(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`)
}

/** Takes from the source only what the caller has taken from us, and lets go of it when he leaves. */
function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await source.return?.()
    },
  })
}
