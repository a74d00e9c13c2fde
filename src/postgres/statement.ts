/** What a statement is given and gives, between our values and those of the client library. */

import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Row, Values } from './connect.ts'

/**
 * PostgreSQL has no U+0000 in its text. A payload may name a branch so, which must not make a delivery one that
 * can never be stored; nothing is known by such a name. In JSON text it is written out, and stays.
 */
export function storable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(storable)
  return typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd') : value
}

/** Several statements without values are answered by a list of results. */
export function rowsOf(result: pg.QueryResult<Row> | readonly pg.QueryResult<Row>[]): Row[] {
  return 'rows' in result ? result.rows : result.flatMap(({ rows }) => rows)
}

/** `int8` as a number: our numbers and times in milliseconds stay below 2^53. */
export const typeParser: typeof pg.types.getTypeParser = ((
  oid: number,
  format?: 'text' | 'binary',
) =>
  oid === pg.types.builtins.INT8 && format !== 'binary'
    ? Number
    : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser

/**
 * Statements of transactions, of which there are few and each is asked again and again. Planning the longer ones
 * costs more than carrying them out, so each connection keeps their plans.
 */
export function prepared(text: string, values: Values): { text: string; name?: string } {
  if (text.length < PREPARED_LENGTH || values.length === 0) return { text }
  const name =
    names.get(text) ?? `runhook_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
  names.set(text, name)
  return { text, name }
}

const PREPARED_LENGTH = 150
const names = new Map<string, string>()
