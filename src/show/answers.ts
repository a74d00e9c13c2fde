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
    const again = thrown.retryAfter // then it is no fault of ours, and asked for again it would fill the log
    if (thrown.httpStatus >= 500 && again === null) report?.(thrown)
    return refusal(thrown.httpStatus, thrown, again === null ? {} : { 'retry-after': `${again}` })
  }
  report?.(thrown)
  const message = 'Something went wrong inside the server.'
  const error = { code: 'internal', message, hint: 'Its log says what.' }
  return Response.json({ error } satisfies Failure, { status: 500 })
}

/** A failure with a status that says more than its code does: 401, 405, 413, 415, 429. */
export function refusal(
  status: number,
  { code, message, hint }: RunhookError,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error: { code, message, hint } } satisfies Failure, { status, headers })
}

/**
 * Bytes that commands and senders wrote. Always a download and never a page, so that a browser does not
 * run what is in them.
 */
export function bytesAnswer(
  bytes: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>,
  type: string,
  filename: string,
  more: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  return new Response(bytes instanceof Uint8Array ? bytes : streamOf(bytes), {
    status: more.status ?? 200,
    headers: {
      ...more.headers,
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

/**
 * Takes from the source only what the caller has taken from us, and lets go of it when he leaves. Nothing
 * is taken ahead: the answer to HEAD is never read, and must leave no follower behind.
 */
export function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]()
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const { done, value } = await source.next()
    if (done) controller.close()
    else controller.enqueue(value)
  }
  const cancel = async () => void (await source.return?.())
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 })
}
