import { expect, onTestFinished } from 'vitest'
import { isHopeless, Postgres } from '../../src/postgres/connect.ts'
import { aDatabase, aServer, onPostgres } from './database.ts'

async function connected(): Promise<Postgres> {
  const database = new Postgres(await aDatabase(), { name: 'test' })
  onTestFinished(() => database.close())
  return database
}

onPostgres('a connection has its time limits before anybody gets it', async () => {
  const database = await connected()
  const shown = await Promise.all(
    Array.from({ length: 5 }, () => database.query('SHOW statement_timeout')),
  )
  expect(shown.flat()).toEqual(Array(5).fill({ statement_timeout: '8s' }))
})

onPostgres(
  'what statements mean is not for others to say who may write into a schema',
  async () => {
    const url = await aDatabase()
    const other = new Postgres(url, { name: 'other' })
    onTestFinished(() => other.close())
    await other.query(`CREATE SCHEMA evil;
    CREATE FUNCTION evil.yes(bytea, bytea) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR evil.= (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = evil.yes);
    ALTER ROLE CURRENT_USER SET search_path = evil, pg_catalog`)
    onTestFinished(() => other.query('ALTER ROLE CURRENT_USER RESET search_path').then(() => {}))
    const database = new Postgres(url, { name: 'test' })
    onTestFinished(() => database.close())
    const compared = await database.query(`SELECT '\\x00'::bytea = '\\x01'::bytea AS same`)
    expect(compared).toEqual([{ same: false }])
  },
)

onPostgres('a text with U+0000 can be stored, as one with a replacement character', async () => {
  const database = await connected()
  const [row] = await database.query(
    'SELECT $1::text AS one, $2::text[] AS more, $3::text AS json',
    ['ma\0in', ['a\0', 'b'], JSON.stringify('\0')],
  )
  expect(row).toEqual({ one: 'ma�in', more: ['a�', 'b'], json: '"\\u0000"' })
})

onPostgres(
  'a connection that breaks in a transaction ends that transaction and nothing else',
  async () => {
    const server = await aServer()
    const database = new Postgres(await server.createDatabase(), { name: 'test' })
    onTestFinished(() => database.close())
    const broken = database.transaction(async (session) => {
      await session.query('SELECT 1')
      await server.restart('immediate') // nobody asks the connection anything while it breaks
      await session.query('SELECT 1')
    })
    await expect(broken).rejects.toMatchObject({ code: 'storage' })
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  },
)

onPostgres('too many connections are told with what is needed', async () => {
  const server = await aServer()
  const url = await server.createDatabase()
  await server.administer('ALTER ROLE runhook CONNECTION LIMIT 0')
  const database = new Postgres(url, { name: 'test' })
  onTestFinished(() => database.close())
  await expect(database.query('SELECT 1')).rejects.toMatchObject({
    code: 'storage',
    message: 'The database cannot be used: too many connections for role "runhook".',
    hint: expect.stringContaining('"Connections" in docs/fleet.md'),
  })
})

onPostgres('a row that is too large for any of ours is refused as it comes', async () => {
  const database = await connected()
  const large = (size: number) => database.query(`SELECT repeat('x', ${size}) AS large`)
  expect((await large(60_000_000))[0]?.large).toHaveLength(60_000_000)
  const refused = await large(140_000_000).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    message: 'The database holds a row with an unreadable "row" (more than 134217728 bytes).',
  })
  expect(isHopeless(refused)).toBe(true) // asking again would bring it again
  const inside = database.transaction(async (session) => {
    await session.query(`SELECT repeat('x', 140000000)`)
  })
  await expect(inside).rejects.toThrow('unreadable')
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
})
