/** The bytes of an archive as lines, unpacked where gzip has packed them. */

import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { RunhookError } from '../errors.ts'

/** The longest line that can be right: what one delivery says of itself, its body apart. */
const LONGEST = 64 * 1024 * 1024
const NEWLINE = 0x0a

/** Each with its newline; a rest without one comes last, as it is. */
export async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let size = 0
  for await (const chunk of unpacked(source)) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from)
      if (end < 0) break
      yield Buffer.concat([...parts, chunk.subarray(from, end + 1)])
      parts = []
      size = 0
      from = end + 1
    }
    const rest = chunk.subarray(from)
    size += rest.length
    if (size > LONGEST) throw new RunhookError('invalid', 'This is no history that runhook wrote.')
    if (rest.length > 0) parts.push(Buffer.from(rest))
  }
  if (size > 0) yield Buffer.concat(parts)
}

/** By its first two bytes, RFC 1952; a name may be missing or lie. */
async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  let first = Buffer.alloc(0)
  while (first.length < 2) {
    const { done, value } = await chunks.next()
    if (done) break
    first = Buffer.concat([first, value])
  }
  const all = (async function* () {
    yield first
    yield* { [Symbol.asyncIterator]: () => chunks }
  })()
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    for await (const chunk of all) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    return
  }
  const packed = Readable.from(all)
  const plain = createGunzip()
  packed.on('error', (error) => plain.destroy(error))
  yield* packed.pipe(plain)
}
