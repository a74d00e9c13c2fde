/**
 * What a Git host is to us: where its deliveries come in, how it proves itself, how its payload reads.
 * One file per host keeps this contract; bytes and values in, values out, nothing else touched.
 */

import type { Content, HostName } from '../model/delivery.ts'
import type { Secret } from '../model/hook.ts'

/** Header values by lower-case name, as node:http gives them (doubled ones joined with ", "). */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** A proof that holds, or the operator's reason why it does not. The sender never sees the reason. */
export type Proof =
  | { readonly ok: true; readonly by: string }
  | { readonly ok: false; readonly reason: string }

export interface Host {
  readonly name: HostName
  /** As people write it: "GitHub". */
  readonly title: string
  /** Content types its webhooks can be set to. */
  readonly contentTypes: readonly string[]
  /** Largest body it sends, bytes. Larger is refused while reading. */
  readonly maxBody: number
  /**
   * What the headers alone already show to be wrong (missing, empty, doubled or malformed signature),
   * so that nothing of the body need be read. Null when the bytes must decide.
   */
  refuse(headers: Headers): string | null
  /** Checks the signature over the exact bytes against each secret in turn, in constant time. */
  verify(headers: Headers, body: Buffer, secrets: readonly Secret[], now: number): Promise<Proof>
  /** The host's id of this delivery, or null where it sends none. Called only after `verify`. */
  guid(headers: Headers, body: Buffer, payload: Payload): string | null
  /** The host's name of the event, or null when the header is missing. */
  event(headers: Headers): string | null
  /**
   * Verified bytes to JSON: an object, or a sentence that says what is wrong with them. Called only
   * after `verify`.
   */
  parse(headers: Headers, body: Buffer): { payload: Payload } | { problem: string }
  /** Verified payload to our words. A sentence when it lacks what its event must have. */
  normalise(headers: Headers, payload: Payload): Content | { problem: string }
  /** What of the body may be kept, where hosts put a password into it. Absent: all of it. */
  redact?(body: Buffer): Buffer
}

export type Payload = Readonly<Record<string, unknown>>
