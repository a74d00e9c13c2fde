/**
 * The body of a request as exact bytes, read once, with its limits kept while reading: a size per
 * endpoint, and a sum over all requests in flight, so that senders together cannot fill the memory,
 * and no address can take what others need.
 */

import type { IncomingMessage } from 'node:http'
import { customerOf } from '../network/attempts.ts'

export type Body =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** Other bodies in flight fill the budget: try again shortly. */
  | { readonly kind: 'busy' }
  /** The sender went away; there is nobody to answer. */
  | { readonly kind: 'gone' }

const IN_FLIGHT_MAX = 128 * 1024 * 1024
/**
 * Of one address (of IPv6 its /64) all may always hold so much, and more while as much is left for others: Git
 * hosts, and callers behind a proxy, share theirs.
 */
const SHARE = IN_FLIGHT_MAX / 4
/** So much of each request does not count: whoever fills the budget holds up no ordinary delivery. */
const FREE_BYTES = 64 * 1024

export type BodyReader = (
  incoming: IncomingMessage,
  limit: number,
  address: string,
) => Promise<Body>

/** What the headers alone say: `too-large` before a byte of the body is read, when the length is honest. */
export function declaredTooLarge(incoming: IncomingMessage, limit: number): boolean {
  const length = Number(incoming.headers['content-length'] ?? 0)
  return !(length <= limit) // also true for NaN
}

/** A reader that knows how many bytes all its requests hold together. One per server. */
export function createBodyReader(): BodyReader {
  const room = createRoom()
  return (incoming, limit, address) =>
    new Promise((resolve) => {
      const chunks: Buffer[] = []
      let size = 0
      let counted = 0
      const settle = (body: Body) => {
        incoming.off('data', take).off('end', done).off('close', gone).off('error', gone)
        room.hold(address, -counted)
        resolve(body)
      }
      const refuse = (kind: 'too-large' | 'busy') => {
        incoming.on('error', ignore).pause()
        settle({ kind })
      }
      const take = (chunk: Buffer) => {
        size += chunk.length
        if (size > limit) return refuse('too-large')
        const over = Math.max(0, size - FREE_BYTES)
        room.hold(address, over - counted)
        counted = over
        if (over > 0 && room.isFull(address)) return refuse('busy')
        chunks.push(chunk)
      }
      const done = () => settle({ kind: 'read', bytes: join(chunks) })
      const gone = () => settle({ kind: 'gone' })
      incoming.on('data', take).on('end', done).on('close', gone).on('error', gone)
    })
}

/** Bytes in flight, of all and of each address. */
function createRoom() {
  const held = new Map<string, number>()
  let all = 0
  return {
    hold(address: string, more: number): void {
      if (more === 0) return
      const key = customerOf(address)
      const bytes = (held.get(key) ?? 0) + more
      all += more
      if (bytes === 0) held.delete(key)
      else held.set(key, bytes)
    },
    isFull(address: string): boolean {
      const left = IN_FLIGHT_MAX - all
      return left < 0 || (held.get(customerOf(address)) ?? 0) > Math.max(SHARE, left)
    },
  }
}

function join(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks
  return chunks.length === 1 && only ? only : Buffer.concat(chunks)
}

/** An aborted request may still report an error after we have stopped caring. */
function ignore(): void {}
