/**
 * The output log: what each run wrote, kept apart from the Store because it is large and comes in pieces. This
 * file is the contract in prose; output.ts keeps it in files.
 */

import type { OutputWriter } from './writer.ts'

export interface OutputLog {
  /** Where a run's output goes from now on. What the redactor hides is never stored. */
  open(runId: number): OutputWriter

  /** Up to `limit` stored bytes from offset `from`; none when the run has printed nothing, or it was removed. */
  read(runId: number, from: number, limit: number): Promise<Uint8Array>

  /** Bytes that are stored by now. While the run goes on they only become more. */
  size(runId: number): Promise<number>

  /**
   * What is stored from offset `from` on, then what comes as it comes; ends when the run's output
   * closes, or `signal` aborts. Memory does not grow with a slow reader: it finds what it missed in
   * storage, or a line that says how much of the middle was cut meanwhile.
   */
  follow(runId: number, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array>
}
