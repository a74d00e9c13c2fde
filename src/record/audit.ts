/**
 * The audit log: who did what, and whether it was done. The contract in prose; sqlite-audit.ts keeps it. A
 * row is only ever added, and goes with time. It never holds a secret, a payload, or what a stranger gave
 * for a name.
 */

export interface AuditEntry {
  readonly at: number
  /** The user, token or local account; empty where nobody is known. */
  readonly who: string
  /** By what he proved that: session, proxy, token, socket, link, password, oidc. */
  readonly via: string
  /** Empty on this machine's own socket. */
  readonly address: string
  /** Such as `login`, `run.cancel`, `user.role`. */
  readonly what: string
  /** To what: `run #142`, `user ada`; or empty. */
  readonly object: string
  /** `ok`, or why it was not done: the code of the refusal. */
  readonly outcome: string
}

export interface AuditRow extends AuditEntry {
  readonly id: number
}

export interface AuditFilter {
  readonly before?: number | undefined
  readonly limit: number
}

/** How long a row is kept. */
export const AUDIT_MS = 400 * 24 * 60 * 60 * 1000

export interface Audit {
  /** On disk before it resolves. */
  add(entry: AuditEntry): Promise<void>
  /** Newest first. */
  list(filter: AuditFilter): Promise<AuditRow[]>
}
