/** What comes out of pg-boss, parsed: its jobs stand in tables that others can write to. */

import { RunhookError } from '../errors.ts'

/** Null where it names none: whoever can write the database can put anything there. */
export function runOf(data: unknown): number | null {
  const run = fieldOf(data, 'run')
  return typeof run === 'number' && Number.isSafeInteger(run) && run > 0 ? run : null
}

export function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined
}

/** Which of the jobs it reached: more than its types say of `touch`. */
export function idsOf(response: object): string[] {
  const ids = fieldOf(response, 'settled')
  if (Array.isArray(ids)) return ids.map(String)
  throw new RunhookError('storage', 'pg-boss does not say which jobs it has renewed.')
}
