/**
 * How much one message of the server may hold. The client library makes a text of each value, however long it is: one
 * that JavaScript has no text for ends the process, and long before that it takes gigabytes. No row of ours is as
 * large, so whoever wrote one into the database gets the connection closed on it, and what asked for it is told.
 */

import type { Duplex } from 'node:stream'
import type { ClientBase } from 'pg'
import { UnreadableRow } from '../record/rows.ts'

/** A body of 25 MiB, which is the largest, comes as 50 of hex digits. */
const LARGEST = 128 * 1024 * 1024

/** A letter for its kind, and its length without that letter, as four bytes: "Message Formats" of PostgreSQL. */
const HEAD = 5

/** Of a client between two messages, that has just connected. */
export function limitMessages(client: ClientBase, largest = LARGEST): void {
  // Not among its types, but in use by its own plugins: the socket, with TLS where there is any.
  const { stream } = (client as ClientBase & { readonly connection: { readonly stream: Duplex } })
    .connection
  const tooLarge = lengths((length) => length > largest)
  stream.on('data', (chunk: Buffer) => {
    if (tooLarge(chunk)) stream.destroy(new UnreadableRow('row', `more than ${largest} bytes`))
  })
}

/** Whether a message begins in the next piece of the stream whose length is so. */
function lengths(is: (length: number) => boolean): (chunk: Buffer) => boolean {
  const head = Buffer.alloc(HEAD)
  let filled = 0
  let rest = 0
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (rest > 0) {
        const skipped = Math.min(rest, chunk.length - at)
        rest -= skipped
        at += skipped
        continue
      }
      const copied = chunk.copy(head, filled, at, at + HEAD - filled)
      filled += copied
      at += copied
      if (filled < HEAD) return false
      filled = 0
      rest = head.readUInt32BE(1) - 4
      if (is(rest)) return true
    }
    return false
  }
}
