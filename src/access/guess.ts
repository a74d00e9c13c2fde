/**
 * A name and a password, and how often somebody may be wrong about them: limits for each address and for each
 * account, whether there is such an account or not. What is wrong is for the operator; whoever tries gets one
 * answer for all of it.
 */

import type { IncomingMessage } from 'node:http'
import { createAttempts } from '../network/attempts.ts'
import type { AuditEntry } from '../record/audit.ts'
import type { Refused } from '../record/store.ts'
import type { User } from '../record/users.ts'
import type { AccessParts } from './identify.ts'
import { isPassword } from './password.ts'

export interface GuessParts extends AccessParts {
  /** Counts a refused request for the operator. */
  readonly refuse: (refused: Refused) => void
  /** Told of what an operator can mend, for the log. */
  readonly warn: (text: string) => void
}

/** `wait`: seconds, when it was not even looked at. */
export type Guessed = { readonly user: User } | { readonly wait: number } | null

export type Guess = (incoming: IncomingMessage, name: string, password: string) => Promise<Guessed>

const WINDOW_MS = 15 * 60_000
/** Also of a whole office behind one address. */
const PER_ADDRESS = 20
const PER_ACCOUNT = 10
/** Right ones of an account: each leaves a row that is kept for long, and nobody types so many. */
const RIGHT_ONES = 60
/** Failures on record in that time; a flood of them fills no disk. All are counted with the refusals. */
const ON_RECORD = 200

/** Rejects with `busy` when more passwords are being tried than can be. */
export function createGuess(parts: GuessParts): Guess {
  const { accounts, addressOf, now = Date.now } = parts
  const byAddress = createAttempts({ max: PER_ADDRESS, windowMs: WINDOW_MS, now })
  const byAccount = createAttempts({ max: PER_ACCOUNT, windowMs: WINDOW_MS, now })
  const right = createAttempts({ max: RIGHT_ONES, windowMs: WINDOW_MS, now })
  const recorded = createAttempts({ max: ON_RECORD, windowMs: WINDOW_MS, now })

  const refused = async (address: string, status: number, who: string, outcome: string) => {
    const at = now()
    parts.refuse({ at, method: 'POST', path: '/-/login', address, status, reason: outcome })
    if (status === 429 || recorded.wait('') > 0) return
    recorded.failed('')
    const entry: AuditEntry = {
      at,
      who,
      via: 'password',
      address,
      what: 'login',
      object: '',
      outcome,
    }
    await accounts.audit.add(entry).catch(parts.report)
  }

  return async (incoming, name, password) => {
    const address = addressOf(incoming)
    const account = name.toLowerCase()
    const waits = [byAddress.wait(address), byAccount.wait('', account), right.wait('', account)]
    const wait = Math.max(...waits)
    if (wait > 0) {
      await refused(address, 429, '', 'too many tries')
      return { wait }
    }
    // Counted before it is known to be wrong: else a hundred at once would all be looked at.
    byAddress.failed(address)
    byAccount.failed('', account)
    const forgive = () => {
      byAddress.forgive(address)
      byAccount.forgive('', account)
    }
    const look = async () => {
      const user = await accounts.users.find(name)
      return { user, isRight: await isPassword(password, await accounts.users.passwordOf(name)) }
    }
    const { user, isRight } = await look().catch((thrown: unknown) => {
      forgive() // it was not looked at
      throw thrown
    })
    if (!isRight || user === null || user.disabledAt !== null) {
      // Never the name of nobody: people type their password there.
      await refused(address, 401, user?.name ?? '', reasonOf(user, isRight))
      return null
    }
    forgive()
    right.failed('', account)
    return { user }
  }
}

function reasonOf(user: User | null, isRight: boolean): string {
  if (user === null) return 'unknown user'
  return isRight ? 'disabled' : 'wrong password'
}
