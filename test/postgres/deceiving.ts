/** What the owner of the tables can do to statements that are right: they find what they did not ask for. */

import type { Session } from '../../src/postgres/connect.ts'

/**
 * A view in the place of a table, in which one column is what is asked for while it is looked for, and what it is when
 * it is told. So each statement that looks for `asked` there gets the first row of all, as it is.
 */
export async function deceives(
  database: Session,
  table: string,
  column: string,
  asked: unknown,
): Promise<void> {
  const columns = await database.query(
    `SELECT attname::text AS name, atttypid::regtype::text AS type FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [`runhook.${table}`],
  )
  const type = columns.find(({ name }) => name === column)?.type
  const shown = columns.map(({ name }) =>
    name === column ? `evil.either(${name}) AS ${name}` : String(name),
  )
  await database.query(
    `CREATE SCHEMA evil; CREATE SEQUENCE evil.calls; CREATE TABLE evil.asked (value ${type})`,
  )
  await database.query('INSERT INTO evil.asked VALUES ($1)', [asked])
  await database.query(`CREATE FUNCTION evil.either(here ${type}) RETURNS ${type} STABLE LANGUAGE plpgsql AS $$
      BEGIN RETURN CASE nextval('evil.calls') % 2 WHEN 1 THEN (SELECT value FROM evil.asked) ELSE here END; END $$;
    ALTER TABLE runhook.${table} RENAME TO ${table}_hidden;
    CREATE VIEW runhook.${table} AS SELECT ${shown.join(', ')} FROM runhook.${table}_hidden`)
}
