/**
 * The nouns of hooks that people and programs call: who may, what they may give, and what
 * they are answered. Types only; they belong to hook.ts, which tells what a hook is.
 */

import type { Secret } from '../model/hook.ts'

/** Who calls by HTTP Basic. Several passwords are accepted while one is replaced. */
export interface User {
  readonly name: string
  readonly passwords: readonly Secret[]
}

export interface Access {
  readonly users: readonly User[]
  /** Whoever has an account here that may run commands. */
  readonly login: boolean
  /** Networks that it may be called from, as written; null = anywhere. No proof: it is asked for beside one. */
  readonly from: readonly string[] | null
}

export interface Reply {
  /** HTTP status by the exit code of the command; for others 200, 500 and 504. */
  readonly statuses: ReadonlyMap<number, number>
  /** Names in lower case. With a `content-type` the output goes out as it is, to whoever asks. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * How long an output also serves later callers, ms. 0: only those who come while its run goes on.
   * Null: each call has a run of its own.
   */
  readonly cacheMs: number | null
  readonly onDisconnect: 'continue' | 'cancel'
}

/** A value that whoever starts a hook may give. It reaches the command as `$INPUT_<NAME>`. */
export interface Input {
  readonly name: string
  readonly type: 'string' | 'number' | 'boolean' | 'choice'
  readonly description: string | null
  readonly required: boolean
  readonly default: string | null
  readonly options: readonly string[] | null
  /** Of its value, characters. */
  readonly maxLength: number
}
