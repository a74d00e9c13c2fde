/** What a check found: one line for a person, and beneath it what mends it. */

export type Level = 'ok' | 'warning' | 'error'

export interface Finding {
  /** The hook it is about; null = the machine, or the server. */
  readonly hook: string | null
  /** Which check, for programs that read findings: `work-tree`, `remote`, `data`. */
  readonly check: string
  readonly level: Level
  /** A clause without a full stop. */
  readonly found: string
  /** Commands to type, or what to do; a line each. Empty when nothing needs to be done. */
  readonly mend: readonly string[]
}

export function ok(check: string, found: string): Finding {
  return { hook: null, check, level: 'ok', found, mend: [] }
}

/** It may do harm, or only some of the time. */
export function warning(check: string, found: string, ...mend: string[]): Finding {
  return { hook: null, check, level: 'warning', found, mend }
}

/** A run would fail of it, or the server would. */
export function error(check: string, found: string, ...mend: string[]): Finding {
  return { hook: null, check, level: 'error', found, mend }
}
