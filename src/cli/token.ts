/** `runhook token create`, `list` and `revoke`: who else may ask this server, and for what. */

import { RunhookError } from '../errors.ts'
import type { Role, Token } from '../record/tokens.ts'
import { ago, stamp } from '../show/when.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { type Cell, type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface TokenOptions extends PlaceOptions {
  readonly json?: boolean
}

export interface CreateOptions extends TokenOptions {
  readonly role: Role
  readonly expires?: string
}

export interface ListOptions extends TokenOptions {
  readonly all?: boolean
}

/** The value alone goes to `out`, so that it can go straight into a file or a variable. */
export async function createToken(
  name: string,
  { role, expires, json, ...place }: CreateOptions,
  terminal: Terminal,
): Promise<number> {
  refuseValue(name)
  const client = await connect(place, terminal)
  const made = await client.post<{ token: Token; value: string }>('/tokens', {
    name,
    role,
    expires,
  })
  await terminal.out.write(json ? `${printableJson(made)}\n` : `${made.value}\n`)
  const { id, expiresAt } = made.token
  const until = expiresAt === null ? 'for good' : `until ${stamp(expiresAt).slice(0, 10)}`
  await terminal.talk.write(
    `Token #${id} ${name}: ${role}, ${until}. Keep it now; it is not shown again.\n`,
  )
  return 0
}

export async function listTokens(
  { all, json, ...place }: ListOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const { tokens } = await client.get<{ tokens: Token[] }>('/tokens')
  const shown = tokens.filter((token) => all || token.revokedAt === null)
  if (json) await terminal.out.write(`${printableJson({ tokens: shown })}\n`)
  else if (shown.length > 0) await terminal.out.write(table(shown, terminal))
  else
    await terminal.talk.write('No tokens. "runhook token create NAME --role viewer" makes one.\n')
  return 0
}

export async function revokeToken(
  which: string,
  { json, ...place }: TokenOptions,
  terminal: Terminal,
): Promise<number> {
  refuseValue(which)
  const client = await connect(place, terminal)
  const path = `/tokens/${encodeURIComponent(which.replace(/^#/, ''))}`
  const { token } = await client.delete<{ token: Token }>(path)
  const said = `#${token.id} ${printable(token.name)} is revoked: it opens nothing any more.`
  await terminal.out.write(json ? `${printableJson({ token })}\n` : `${said}\n`)
  return 0
}

/** Not even to say what it is: a value that stands in the history of a shell is known to too many. */
function refuseValue(text: string): void {
  if (!text.startsWith('rh_')) return
  throw new RunhookError('usage', 'That is the value of a token; say its name or its number.', {
    hint: 'It is in the history of your shell now: revoke that token.',
  })
}

const columns: readonly Column[] = [
  { title: 'TOKEN' },
  { title: 'NAME', least: 8 },
  { title: 'ROLE' },
  { title: 'MADE', least: 8 },
  { title: 'EXPIRES' },
  { title: 'LAST USED' },
]

function table(tokens: readonly Token[], terminal: Terminal): string {
  const now = terminal.now()
  return renderTable(
    columns,
    tokens.map((token) => rowOf(token, now)),
    terminal.out,
  )
}

function rowOf(token: Token, now: number): Row {
  const { icon, expires } = stateOf(token, now)
  return {
    icon,
    cells: [
      `#${token.id}`,
      printable(token.name),
      token.role,
      printable(`${ago(token.createdAt, now)} by ${token.createdBy}`),
      expires,
      token.lastUsedAt === null ? 'never' : ago(token.lastUsedAt, now),
    ],
  }
}

function stateOf({ revokedAt, expiresAt }: Token, now: number): { icon: Cell; expires: string } {
  if (revokedAt !== null) return { icon: { text: '⊘', format: 'dim' }, expires: 'revoked' }
  const day = expiresAt === null ? 'never' : stamp(expiresAt).slice(0, 10)
  if (expiresAt === null || expiresAt > now)
    return { icon: { text: '✓', format: 'green' }, expires: day }
  return { icon: { text: '◷', format: 'yellow' }, expires: `${day} (over)` }
}
