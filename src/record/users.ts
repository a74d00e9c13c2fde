/**
 * People who sign in to the dashboard, their sessions, and the links that let them in once: the contract in
 * prose; sqlite-users.ts and sqlite-sessions.ts keep it. What opens a session is never stored, only the
 * SHA-256 of it: as in tokens.ts, nobody can try out 32 random bytes.
 *
 * Every write is on disk before it resolves, unless it says otherwise. Names are compared without their case.
 */

import type { Audit } from './audit.ts'
import type { Role } from './tokens.ts'

/**
 * What a provider of OpenID Connect knows somebody by, and the only thing that it promises never to give to
 * anybody else (OpenID Connect Core 1.0, 5.7). Names and addresses change hands.
 */
export interface Identity {
  readonly issuer: string
  readonly subject: string
}

export interface User {
  readonly id: number
  /** As he was first called; it stands in the record as who asked for a run. */
  readonly name: string
  /** Null of whom this server, or a proxy before it, knows by his name. */
  readonly identity: Identity | null
  readonly role: Role
  readonly hasPassword: boolean
  readonly createdAt: number
  readonly createdBy: string
  /** Null while he may come in. */
  readonly disabledAt: number | null
}

export interface NewUser {
  readonly name: string
  readonly identity?: Identity
  readonly role: Role
  readonly createdBy: string
}

export interface Users {
  /** Rejects with `conflict` when there is one of that name, or of that identity. */
  create(user: NewUser): Promise<User>
  /** By name. */
  list(): Promise<User[]>
  find(name: string): Promise<User | null>
  /** To the letter. */
  findBy(identity: Identity): Promise<User | null>
  /** What his password is compared with, see access/password.ts; null when he has none, or there is no such user. */
  passwordOf(name: string): Promise<string | null>
  /**
   * These reject with `not-found` when there is no such user. Sessions know no role of their own, so a new
   * one counts at once.
   */
  setRole(name: string, role: Role): Promise<User>
  /** Ends all his sessions but `keep`, and his links: whoever changes a password means to shut somebody out. */
  setPassword(name: string, password: string | null, keep?: number | null): Promise<User>
  /** Ends his sessions and links, and leaves him as he is. */
  signOut(name: string): Promise<User>
  /** Also ends his sessions and links. */
  disable(name: string, at: number): Promise<User>
  enable(name: string): Promise<User>
  /** Also ends his sessions and links. */
  remove(name: string): Promise<User>
}

/** How long a session lives that nobody uses, and how long one that is used. */
export const IDLE_MS = 7 * 24 * 60 * 60 * 1000
export const SESSION_MS = 30 * 24 * 60 * 60 * 1000
/** Of one user, who may sign in as often as he likes and would fill the disk, and the list of them, by it. */
export const SESSIONS_MAX = 50

export interface Session {
  readonly id: number
  /** Whose it is. */
  readonly user: string
  readonly createdAt: number
  /** To the minute. */
  readonly seenAt: number
  readonly address: string
  /** What the browser calls itself, shortened; whoever signed in wrote it. */
  readonly userAgent: string
}

export interface NewSession {
  readonly hash: Uint8Array
  readonly userId: number
  readonly at: number
  readonly address: string
  readonly userAgent: string
}

export interface Sessions {
  /** Where its user has as many as he may, the one of his that was not used for longest ends. */
  create(session: NewSession): Promise<Session>
  /** Null when it has ended, is over at `at`, or its user is disabled. */
  find(hash: Uint8Array, at: number): Promise<{ session: Session; user: User } | null>
  /** Notes that it was used. Written at most once a minute, with other writes, and never waited for. */
  seen(id: number, at: number): void
  /** Those that are not over at `at`, the latest used first. */
  list(at: number): Promise<Session[]>
  /** From the moment it resolves the session opens nothing. Null when there is none of that number. */
  end(id: number): Promise<Session | null>
}

/** How long a link may be used. */
export const LINK_MS = 15 * 60 * 1000

export interface NewLink {
  readonly hash: Uint8Array
  /** Null: for the first admin there is. */
  readonly userId: number | null
  readonly at: number
}

/** Whom a link lets in: a user, or, while there is no admin yet, whoever has it, as the first admin. */
export type LinkFor = { readonly user: User } | { readonly first: true }

export interface Links {
  /** The links there were for the same user open nothing any more. */
  create(link: NewLink): Promise<void>
  /** Uses nothing up. Null when it was used, is over at `at`, or opens nothing any more. */
  find(hash: Uint8Array, at: number): Promise<LinkFor | null>
  /**
   * Uses it up: of all who ask, one gets the user. A first admin is made under `name`. Null as `find`.
   * Rejects with `conflict`, and uses nothing up, where somebody else has that name.
   */
  use(hash: Uint8Array, at: number, name: string): Promise<User | null>
}

/** All that a door needs to know of people. */
export interface Accounts {
  readonly users: Users
  readonly sessions: Sessions
  readonly links: Links
  readonly audit: Audit
}
