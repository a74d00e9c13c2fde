/** `runhook user …`: who may sign in to the dashboard, and as what. */

import { RunhookError } from '../errors.ts'
import type { Role } from '../record/tokens.ts'
import type { User } from '../record/users.ts'
import { ago } from '../show/when.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface UserOptions extends PlaceOptions {
  readonly json?: boolean
}

export interface AddOptions extends UserOptions {
  readonly role: Role
}

const ONCE = 'The link works once, within 15 minutes.'

/** The link alone goes to `out`, so that it can be piped to wherever it is wanted. */
export async function addUser(
  name: string,
  { role, json, ...place }: AddOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const made = await client.post<{ user: User; link: string }>('/users', { name, role })
  await terminal.out.write(json ? `${printableJson(made)}\n` : `${made.link}\n`)
  await terminal.talk.write(`${printable(made.user.name)} is ${made.user.role}. ${ONCE}\n`)
  return 0
}

export async function linkUser(
  name: string,
  { json, ...place }: UserOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const made = await client.post<{ link: string }>(pathOf(name, '/link'))
  await terminal.out.write(json ? `${printableJson(made)}\n` : `${made.link}\n`)
  await terminal.talk.write(`${ONCE} Earlier ones for ${printable(name)} work no more.\n`)
  return 0
}

export async function listUsers(
  { json, ...place }: UserOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const { users } = await client.get<{ users: User[] }>('/users')
  if (json) await terminal.out.write(`${printableJson({ users })}\n`)
  else if (users.length > 0) await terminal.out.write(table(users, terminal))
  else await terminal.talk.write('No users. "runhook user add NAME --role admin" makes one.\n')
  return 0
}

/** Asked for twice at a terminal; else the first line of what comes in. Never an argument, which all can read. */
export async function setPassword(
  name: string,
  options: UserOptions,
  terminal: Terminal,
): Promise<number> {
  const password = await passwordFrom(terminal)
  return change(name, '/password', { password }, options, terminal, (user) => {
    return `${user.name} has a new password, and is signed out everywhere.`
  })
}

export function setRole(
  name: string,
  role: string,
  options: UserOptions,
  terminal: Terminal,
): Promise<number> {
  return change(
    name,
    '/role',
    { role },
    options,
    terminal,
    (user) => `${user.name} is ${user.role}.`,
  )
}

export function disableUser(
  name: string,
  options: UserOptions,
  terminal: Terminal,
): Promise<number> {
  return change(name, '/disable', undefined, options, terminal, (user) => {
    return `${user.name} is signed out and cannot come in any more.`
  })
}

export function enableUser(
  name: string,
  options: UserOptions,
  terminal: Terminal,
): Promise<number> {
  return change(
    name,
    '/enable',
    undefined,
    options,
    terminal,
    (user) => `${user.name} may come in.`,
  )
}

export async function removeUser(
  name: string,
  { json, ...place }: UserOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const { user } = await client.delete<{ user: User }>(pathOf(name))
  const said = `${printable(user.name)} is removed. What was done under the name stays on record.`
  await terminal.out.write(json ? `${printableJson({ user })}\n` : `${said}\n`)
  return 0
}

async function change(
  name: string,
  what: string,
  body: unknown,
  { json, ...place }: UserOptions,
  terminal: Terminal,
  say: (user: User) => string,
): Promise<number> {
  const client = await connect(place, terminal)
  const { user } = await client.post<{ user: User }>(pathOf(name, what), body)
  await terminal.out.write(json ? `${printableJson({ user })}\n` : `${printable(say(user))}\n`)
  return 0
}

function pathOf(name: string, what = ''): string {
  return `/users/${encodeURIComponent(name)}${what}`
}

async function passwordFrom(terminal: Terminal): Promise<string> {
  const typed = await terminal.secret('New password: ')
  if (typed === null) return (await terminal.input()).toString('utf8').split(/\r?\n/, 1)[0] ?? ''
  if (typed === (await terminal.secret('Once more: '))) return typed
  throw new RunhookError('usage', 'The two are not the same; nothing was changed.')
}

const columns: readonly Column[] = [
  { title: 'NAME', least: 8 },
  { title: 'ROLE' },
  { title: 'PASSWORD' },
  { title: 'MADE', least: 8 },
]

function table(users: readonly User[], terminal: Terminal): string {
  const now = terminal.now()
  return renderTable(
    columns,
    users.map((user) => rowOf(user, now)),
    terminal.out,
  )
}

function rowOf(
  { name, role, identity, hasPassword, createdAt, createdBy, disabledAt }: User,
  now: number,
): Row {
  const icon =
    disabledAt === null
      ? ({ text: '✓', format: 'green' } as const)
      : ({ text: '⊘', format: 'dim' } as const)
  return {
    icon,
    cells: [
      printable(name),
      disabledAt === null ? role : `${role} (disabled)`,
      hasPassword ? 'set' : identity ? 'elsewhere' : 'none',
      printable(`${ago(createdAt, now)} by ${createdBy}`),
    ],
  }
}
