/**
 * The hash by which a worker's "allow" knows what a hook executes: its steps and all on which they depend, the
 * file's defaults merged in. Not what starts it, nor where and when it runs, which is for receivers to say.
 *
 * It is taken from what stands in the file. A variable counts by its name, a file or credential by its place,
 * and a relative path as it is written: so each machine, and whoever reviews the file, gets the same hash, and
 * a password that is changed leaves it alone. What a `.env` gives is thereby not covered.
 */

import { createHash } from 'node:crypto'
import { canonical } from './canonical.ts'

/** Keys of a hook that are not covered. Any other is, also one that is invented later. */
const elsewhere = [
  ...['repo', 'url', 'on', 'match', 'secret', 'signature', 'token', 'users', 'auth', 'allow-from'],
  ...['replay', 'allow-forks', 'concurrency', 'max-parallel', 'runs-on', 'catch-up', 'strategy'],
  ...['keep', 'enabled', 'status-codes', 'response-headers', 'cache', 'on-disconnect', 'badge'],
]

type Written = Readonly<Record<string, unknown>>

/** 64 hex digits. `hook` and `defaults` are as in the file, before variables were filled in. */
export function commandHash(name: string, hook: unknown, defaults: unknown): string {
  const own = objectOf(hook)
  const shared = objectOf(defaults)
  const merged: Written = {
    ...shared,
    ...Object.fromEntries(Object.entries(own).filter(([key]) => !elsewhere.includes(key))),
    env: { ...objectOf(shared.env), ...objectOf(own.env) },
    limits: { ...objectOf(shared.limits), ...objectOf(own.limits) },
  }
  const covered = ['runhook command 1', name, merged, inputsOf(objectOf(own.on))]
  return createHash('sha256').update(canonical(covered)).digest('hex')
}

/** Which values a caller may give, and under which names a command finds them. */
function inputsOf(on: Written): Written {
  return Object.fromEntries(
    Object.entries(on).flatMap(([event, options]) => {
      const { inputs } = objectOf(options)
      return inputs === undefined ? [] : [[event, inputs]]
    }),
  )
}

function objectOf(value: unknown): Written {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? { ...value } : {}
}
