/** `runhook audit`: who did what, and whether it was done. */

import type { AuditRow } from '../record/audit.ts'
import { stamp } from '../show/when.ts'
import { query } from './client.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { type Column, type Row, renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface AuditOptions extends PlaceOptions {
  readonly limit: number
  readonly json?: boolean
}

export async function audit(
  { limit, json, ...place }: AuditOptions,
  terminal: Terminal,
): Promise<number> {
  const client = await connect(place, terminal)
  const found = await client.get<{ rows: AuditRow[] }>(`/audit${query({ limit })}`)
  if (json) await terminal.out.write(`${printableJson(found)}\n`)
  else if (found.rows.length === 0) await terminal.talk.write('Nothing is on record yet.\n')
  else await terminal.out.write(renderTable(columns, found.rows.map(rowOf), terminal.out))
  return 0
}

const columns: readonly Column[] = [
  { title: 'WHEN' },
  { title: 'WHO', least: 8 },
  { title: 'BY' },
  { title: 'FROM', least: 8 },
  { title: 'WHAT' },
  { title: 'OF', least: 8 },
  { title: 'OUTCOME' },
]

function rowOf({ at, who, via, address, what, object, outcome }: AuditRow): Row {
  const done = outcome === 'ok'
  return {
    icon: done ? { text: '✓', format: 'green' } : { text: '✗', format: 'red' },
    cells: [
      stamp(at),
      printable(who === '' ? '?' : who),
      printable(via),
      printable(address === '' ? 'here' : address),
      printable(what),
      printable(object),
      printable(outcome),
    ],
  }
}
