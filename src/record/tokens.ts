/**
 * Tokens of the API: the contract in prose; sqlite-tokens.ts keeps it. A token's value is never stored,
 * only the SHA-256 of it: 32 random bytes need no slow hash, for nobody can try them out.
 */

/** What a caller may do. Each may also do what those before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

export interface Token {
  readonly id: number
  /** Stands in the record as who asked for a run. No two valid tokens share one. */
  readonly name: string
  readonly role: Role
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | null
  /** To the minute. */
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export interface NewToken {
  readonly name: string
  readonly role: Role
  readonly createdBy: string
  readonly expiresAt: number | null
  readonly hash: Uint8Array
}

export interface Tokens {
  /** On disk before it resolves. Rejects with `conflict` while a token of that name is not revoked. */
  create(token: NewToken): Promise<Token>
  /** All there ever were, newest first. */
  list(): Promise<Token[]>
  /** Also one that was revoked or has expired: whether it still counts is for the caller to see. */
  find(hash: Uint8Array): Promise<Token | null>
  /** Notes that it was used. Written at most once a minute, with other writes, and never waited for. */
  used(id: number, at: number): void
  /**
   * From the moment it resolves the token opens nothing. By id, or by the name of one that is not
   * revoked; rejects with `not-found` when there is none, and with `conflict` when it is revoked.
   */
  revoke(which: number | string): Promise<Token>
}

/** Does a caller of this role do what needs that one? */
export function reaches(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}
