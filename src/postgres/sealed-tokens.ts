/**
 * Tokens of the API in a fleet whose runs are sealed. What is stored of a token is then keyed too, else whoever
 * can write the database would make himself one, and let a server start, and seal, what he likes. Its role is
 * part of it, so that nobody raises one. Tokens that were made before there was a key open nothing any more.
 */

import { createHmac } from 'node:crypto'
import type { Secret } from '../model/hook.ts'
import { type Role, roles, type Tokens } from '../record/tokens.ts'

/** `keys` are several while one is being replaced; new tokens are made with the first. */
export function sealTokens(tokens: Tokens, keys: readonly [Secret, ...Secret[]]): Tokens {
  return {
    create: (token) => tokens.create({ ...token, hash: keyed(token.hash, token.role, keys[0]) }),
    async find(hash) {
      for (const key of keys)
        for (const role of roles) {
          const found = await tokens.find(keyed(hash, role, key))
          if (found?.role === role) return found
        }
      return null
    },
    list: () => tokens.list(),
    used: (id, at) => tokens.used(id, at),
    revoke: (which) => tokens.revoke(which),
  }
}

/** `hash` is what would be stored without a key. */
function keyed(hash: Uint8Array, role: Role, { value }: Secret): Uint8Array {
  return createHmac('sha256', value).update(`runhook token 1\n${role}\n`).update(hash).digest()
}
