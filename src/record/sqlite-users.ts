/** Users in SQLite. The contract is in users.ts. */

import { RunhookError } from '../errors.ts'
import { unknownUser, userOf, userTaken } from './account-rows.ts'
import type { Database } from './database.ts'
import { text } from './rows.ts'
import type { Role } from './tokens.ts'
import type { Identity, NewUser, User, Users } from './users.ts'

export class SqliteUsers implements Users {
  readonly #db: Database
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database) {
    this.#db = database
    this.#sql = statements(database)
  }

  create(user: NewUser): Promise<User> {
    return this.#db.write(() => this.insert(user))
  }

  /** Inside a transaction of somebody else's. */
  insert({ name, identity, role, createdBy }: NewUser): User {
    const [issuer, subject] = [identity?.issuer ?? null, identity?.subject ?? null]
    const taken = this.#sql.find.get(name) ?? this.#sql.findBy.get(issuer, subject)
    if (taken) throw userTaken(text(taken, 'name'))
    const row = this.#sql.insert.get(name, issuer, subject, role, Date.now(), createdBy)
    if (!row) throw new RunhookError('storage', 'The user was not stored.')
    return userOf(row)
  }

  /** Inside a transaction of somebody else's. */
  get hasAdmin(): boolean {
    return this.#sql.admin.get() !== undefined
  }

  async list(): Promise<User[]> {
    return this.#sql.all.all().map(userOf)
  }

  async find(name: string): Promise<User | null> {
    const row = this.#sql.find.get(name)
    return row ? userOf(row) : null
  }

  async findBy({ issuer, subject }: Identity): Promise<User | null> {
    const row = this.#sql.findBy.get(issuer, subject)
    return row ? userOf(row) : null
  }

  async passwordOf(name: string): Promise<string | null> {
    const row = this.#sql.find.get(name)
    return row && row.password !== null ? text(row, 'password') : null
  }

  setRole(name: string, role: Role): Promise<User> {
    return this.#change(name, (user) => this.#sql.role.run(role, user.id))
  }

  setPassword(name: string, password: string | null, keep: number | null = null): Promise<User> {
    return this.#change(name, (user) => {
      this.#sql.password.run(password, user.id)
      this.#shutOut(user, keep)
    })
  }

  signOut(name: string): Promise<User> {
    return this.#change(name, (user) => this.#shutOut(user, null))
  }

  disable(name: string, at: number): Promise<User> {
    return this.#change(name, (user) => {
      this.#sql.disable.run(user.disabledAt ?? at, user.id)
      this.#shutOut(user, null)
    })
  }

  enable(name: string): Promise<User> {
    return this.#change(name, (user) => this.#sql.disable.run(null, user.id))
  }

  remove(name: string): Promise<User> {
    return this.#db.write(() => {
      const user = this.#named(name)
      this.#sql.remove.run(user.id) // sessions and links go with it
      return user
    })
  }

  #change(name: string, change: (user: User) => unknown): Promise<User> {
    return this.#db.write(() => {
      change(this.#named(name))
      return this.#named(name)
    })
  }

  #named(name: string): User {
    const row = this.#sql.find.get(name)
    if (row) return userOf(row)
    throw unknownUser(name)
  }

  #shutOut({ id }: User, keep: number | null): void {
    this.#sql.endSessions.run(id, keep ?? 0) // none has the number 0
    this.#sql.endLinks.run(id)
  }
}

function statements(db: Database) {
  return {
    find: db.prepare('SELECT * FROM users WHERE name = ?'),
    findBy: db.prepare('SELECT * FROM users WHERE issuer = ? AND subject = ?'),
    admin: db.prepare("SELECT 1 FROM users WHERE role = 'admin' LIMIT 1"),
    all: db.prepare('SELECT * FROM users ORDER BY name'),
    insert: db.prepare(
      `INSERT INTO users (name, issuer, subject, role, created_at, created_by)
        VALUES (?, ?, ?, ?, ?, ?) RETURNING *`,
    ),
    role: db.prepare('UPDATE users SET role = ? WHERE id = ?'),
    password: db.prepare('UPDATE users SET password = ? WHERE id = ?'),
    disable: db.prepare('UPDATE users SET disabled_at = ? WHERE id = ?'),
    remove: db.prepare('DELETE FROM users WHERE id = ?'),
    endSessions: db.prepare('DELETE FROM sessions WHERE user_id = ? AND id <> ?'),
    endLinks: db.prepare('DELETE FROM links WHERE user_id = ?'),
  }
}
