/**
 * One error class with a code, and the two tables that say what each code means outside:
 * an HTTP status for a caller, an exit code for a shell. Messages are for the person who can act
 * on them and never hold a secret or a payload.
 */

export type ErrorCode =
  | 'config' // the hooks file, .env or a secret file is wrong
  | 'usage' // a command line that cannot be understood
  | 'not-found'
  | 'not-allowed'
  | 'conflict' // the thing is not in a state for that
  | 'invalid' // input that was understood and is wrong
  | 'unreachable' // no server answers
  | 'busy' // as much waits as may
  | 'too-many' // he has as much at once as one may
  | 'storage' // the database or the disk refused
  | 'run-failed'

/** sysexits.h EX_CONFIG: systemd units stop restarting on it (`RestartPreventExitStatus=78`). */
const EX_CONFIG = 78

/** `again`: after so many seconds the same may be asked for once more, and may be had then. */
const meaning: Record<ErrorCode, { http: number; exit: number; again?: number }> = {
  config: { http: 500, exit: EX_CONFIG },
  usage: { http: 400, exit: 2 },
  'not-found': { http: 404, exit: 3 },
  'not-allowed': { http: 403, exit: 4 },
  conflict: { http: 409, exit: 1 },
  invalid: { http: 422, exit: 2 },
  unreachable: { http: 502, exit: 5 },
  busy: { http: 503, exit: 1, again: 30 },
  'too-many': { http: 429, exit: 1, again: 10 },
  storage: { http: 503, exit: EX_CONFIG },
  'run-failed': { http: 500, exit: 1 },
}

export class RunhookError extends Error {
  readonly code: ErrorCode
  /** What to do about it, as a second sentence. */
  readonly hint: string | null

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RunhookError'
    this.code = code
    this.hint = options.hint ?? null
  }

  get httpStatus(): number {
    return meaning[this.code].http
  }

  /** Seconds; null where to ask again would change nothing. */
  get retryAfter(): number | null {
    return meaning[this.code].again ?? null
  }

  get exitCode(): number {
    return meaning[this.code].exit
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(meaning, value)
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of a system error (`ENOENT`), or null. */
export function systemCode(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null
  return typeof thrown.code === 'string' ? thrown.code : null
}
