/** Moving and migrating the record by the command line, without a server. */

import { existsSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Acceptances } from '../../src/postgres/accept.ts'
import { Boss } from '../../src/postgres/boss.ts'
import { PostgresClaims } from '../../src/postgres/claims.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { Planner } from '../../src/postgres/plan.ts'
import { migrate } from '../../src/record/migrations.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { aDatabase, onPostgres, PASSWORD } from '../postgres/database.ts'
import { aHistory, archiveBytes, binaryBody } from '../record/history.ts'
import { aDelivery, aHook } from '../some.ts'
import { aShell, type ShellOptions } from './shell.ts'

const hooks = { 'deploy-site': { on: 'manual', secret: 'long enough for a secret', run: 'true' } }

/** In a pipe: no terminal, so that nothing is cut. */
async function aShellWithHistory(options: ShellOptions = {}) {
  const shell = aShell({ columns: null, ...options })
  shell.put('hooks.json', { hooks })
  const data = join(shell.folder, '.runhook')
  const { close } = await aHistory(data)
  await close()
  return { ...shell, data }
}

const SAID = '6 deliveries, 6 runs, 3 outputs, 2 tokens, 2 users.\n'

describe('runhook export', () => {
  test('prints the whole history, which import takes from standard input', async () => {
    const shell = await aShellWithHistory()
    const { code, out, talk } = await shell.run('export')
    expect({ code, talk }).toEqual({ code: 0, talk: `Exported ${SAID}` })
    const next = aShell({ columns: null, input: Buffer.from(out, 'latin1') })
    expect(await next.run('import', '--data', 'here')).toMatchObject({
      code: 0,
      out: '',
      talk: `Imported ${SAID}`,
    })
    expect(existsSync(join(next.folder, 'here', 'runhook.db'))).toBe(true)
  })

  test('writes a file for its owner alone, packed if its name says so', async () => {
    const shell = await aShellWithHistory()
    expect(await shell.run('export', '--output', 'all.jsonl')).toMatchObject({ code: 0, out: '' })
    await shell.run('export', '--output', 'all.jsonl.gz')
    const file = join(shell.folder, 'all.jsonl')
    const plain = readFileSync(file)
    expect(gunzipSync(readFileSync(`${file}.gz`)).equals(plain)).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(`${file}.part`)).toBe(false)
    expect(await shell.run('import', 'all.jsonl.gz', '--data', 'new')).toMatchObject({ code: 0 })
  })

  test('says of a folder and of a file that is not there which it is', async () => {
    const { run, folder } = await aShellWithHistory()
    expect(await run('export', '--output', 'gone/all.jsonl')).toMatchObject({
      talk: `error: ${folder}/gone/all.jsonl cannot be written: there is no folder ${folder}/gone.\n`,
    })
    expect(await run('import', 'all.jsonl', '--data', 'new')).toMatchObject({
      code: 3,
      talk: `error: There is no file ${folder}/all.jsonl. Name what "runhook export" wrote.\n`,
    })
  })

  test('asks no server, and needs no secret of the hooks file', async () => {
    const shell = await aShellWithHistory()
    const secret = `\${NOT_SET}`
    shell.put('hooks.json', { hooks: { a: { ...hooks['deploy-site'], secret } } })
    expect(await shell.run('export')).toMatchObject({ code: 0 })
  })

  test('does not fill a screen', async () => {
    const shell = await aShellWithHistory({ columns: 80 })
    expect(await shell.run('export')).toEqual({
      code: 2,
      out: '',
      talk: 'error: This would fill your screen; name a file with --output FILE.\n',
      screen: expect.any(String),
    })
  })

  test('where there is no history it says so', async () => {
    const shell = aShell({ columns: null })
    const { code, talk } = await shell.run('export', '--data', 'nowhere')
    expect(code).toBe(3)
    expect(talk).toContain('There is no history in ')
    expect(existsSync(join(shell.folder, 'nowhere'))).toBe(false)
  })

  test('a file that cannot be written leaves nothing behind', async () => {
    const shell = await aShellWithHistory()
    const { code, talk } = await shell.run('export', '--output', 'no/folder/x.jsonl')
    expect(code).toBe(1)
    expect(talk).toContain('cannot be written')
  })
})

describe('runhook import', () => {
  test('refuses a file that was cut off, and a folder with a history', async () => {
    const shell = await aShellWithHistory()
    await shell.run('export', '--output', 'all.jsonl')
    expect(await shell.run('import', 'all.jsonl')).toMatchObject({
      code: 1,
      talk: expect.stringContaining('has a history already: there are deliveries.'),
    })
    truncateSync(join(shell.folder, 'all.jsonl'), 5000)
    expect(await shell.run('import', 'all.jsonl', '--data', 'new')).toMatchObject({
      code: 2,
      talk: expect.stringMatching(/^error: The history was cut off after line \d+\. Nothing was/),
    })
    expect(await shell.run('import', 'nothing.jsonl', '--data', 'new')).toMatchObject({ code: 3 })
  })
})

describe('runhook migrate', () => {
  test('brings a data folder to this release, once', async () => {
    const shell = aShell()
    expect(await shell.run('migrate', '--check')).toMatchObject({
      code: 1,
      talk: expect.stringMatching(/has no tables yet; this release needs \d+\. Run "runhook/),
    })
    expect((await shell.run('migrate')).talk).toMatch(/has its tables now, at schema \d+\.\n$/)
    const again = await shell.run('migrate')
    expect(again).toMatchObject({ code: 0, talk: expect.stringContaining('Nothing to do.') })
    expect((await shell.run('migrate', '--check')).code).toBe(0)
  })

  test('says from which schema to which', async () => {
    const shell = aShell()
    mkdirSync(join(shell.folder, '.runhook'))
    const database = new DatabaseSync(join(shell.folder, '.runhook', 'runhook.db'))
    migrate(database, 2)
    database.close()
    expect(await shell.run('migrate', '--check')).toMatchObject({
      code: 1,
      talk: expect.stringMatching(/is at schema 2; this release needs \d+/),
    })
    const json = JSON.parse((await shell.run('migrate', '--json')).out)
    expect(json).toMatchObject({ needed: true, schemas: [{ from: 2 }] })
    expect((await shell.run('migrate', '--check')).code).toBe(0)
  })

  test('refuses one that a newer release wrote, and one that a server uses', async () => {
    const shell = aShell()
    const data = join(shell.folder, '.runhook')
    const store = openSqlite(data)
    expect(await shell.run('migrate')).toMatchObject({ code: 0 }) // nothing is to be done
    await store.close()
    const database = new DatabaseSync(join(data, 'runhook.db'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    for (const words of [['migrate'], ['migrate', '--check']]) {
      expect(await shell.run(...words)).toMatchObject({
        code: 1,
        talk: expect.stringMatching(/is at schema 99, this release knows \d+\. Run the newer/),
      })
    }
  })
})

describe('with a database', () => {
  async function aFleetShell() {
    const DATABASE_URL = await aDatabase()
    const shell = await aShellWithHistory({ environment: { DATABASE_URL } })
    shell.put('hooks.json', { server: { database: `\${DATABASE_URL}` }, hooks })
    return { ...shell, url: DATABASE_URL }
  }

  onPostgres('a history moves there with three commands, and back', async () => {
    const shell = await aFleetShell()
    expect((await shell.run('migrate', '--check')).code).toBe(1)
    expect(await shell.run('migrate')).toMatchObject({ code: 0 })
    expect((await shell.run('migrate', '--check')).code).toBe(0)
    await shell.run('export', '--data', '.runhook', '--output', 'all.gz')
    expect(await shell.run('import', 'all.gz')).toMatchObject({ code: 0, talk: `Imported ${SAID}` })
    expect(await shell.run('import', 'all.gz')).toMatchObject({
      code: 1,
      talk: expect.stringContaining('The database has a history already'),
    })
    expect(await shell.run('export', '--output', 'back.gz')).toMatchObject({
      code: 0,
      talk: `Exported ${SAID}`,
    })
    expect(await shell.run('import', 'back.gz', '--data', 'back')).toMatchObject({ code: 0 })
    expect((await archiveBytes(join(shell.folder, 'back'))).length).toBeGreaterThan(100_000)
  })

  /** The fleet's side of the database, as a receiver and a worker have it. */
  async function aMember(url: string) {
    const db = new Postgres(url, { name: 'test' })
    const boss = new Boss(db, { leaseMs: 30_000, supervise: false, onTrouble: () => undefined })
    const planner = new Planner({ db, boss, maxWaiting: 1000, tell: () => undefined })
    onTestFinished(async () => {
      await boss.stop()
      await db.close()
    })
    await boss.start()
    return { db, accept: new Acceptances(planner), claims: new PostgresClaims(planner) }
  }

  onPostgres('the fleet goes on where the one machine was', async () => {
    const shell = await aFleetShell()
    await shell.run('migrate')
    await shell.run('export', '--data', '.runhook', '--output', 'all.gz')
    await shell.run('import', 'all.gz')
    const { db, accept, claims } = await aMember(shell.url)
    const wanted = [{ hook: aHook(), update: 0, inputs: {} }]

    const again = await accept.accept(aDelivery({ guid: 'AAAA-1' }), [], wanted)
    expect(again).toMatchObject({ delivery: { id: 7, duplicateOf: 1 }, queued: [] })
    const replay = await accept.accept(aDelivery({ guid: 'new', body: binaryBody }), [], wanted)
    expect(replay.queued).toEqual([])
    const fresh = await accept.accept(
      aDelivery(),
      [],
      [{ hook: aHook({ name: 'new' }), update: 0, inputs: {} }],
    )
    expect(fresh.queued[0]?.id).toBe(93) // behind those that were removed

    // Those that may start now are sent: one of each group. The retry waits for its time.
    const waiting = await db.query(
      `SELECT id, job IS NOT NULL AS sent FROM runhook.runs WHERE status = 'queued' ORDER BY id`,
    )
    expect(waiting.map(({ id, sent }) => [id, sent])).toEqual([
      [3, true],
      [5, true],
      [6, true],
      [93, true],
    ])
    const identity = { name: 'web-1', labels: ['default'], version: '1', host: 'h', token: 't' }
    await claims.register({ ...identity, slots: 9, leaseMs: 30_000 })
    const claimed = await claims.claim(9)
    expect(claimed.map(({ runId }) => runId).sort()).toEqual([5, 6, 93])
    const claim = claimed.find(({ runId }) => runId === 93) // jobs of one moment come in any order
    const begun = claim && (await claims.begin(claim, () => 'c0ffee000000'))
    expect(Buffer.from(begun?.delivery.body ?? [])).toEqual(Buffer.from(fresh.delivery.body))
  })

  onPostgres('one without tables says what to do, and no error holds its password', async () => {
    const shell = await aFleetShell()
    for (const words of [['import', 'hooks.json'], ['export']]) {
      const { code, talk } = await shell.run(...words)
      expect(code).toBe(1)
      expect(talk).toContain('runhook migrate')
      expect(talk).not.toContain(PASSWORD)
    }
  })

  test('one that is away is told as such, without its address', async () => {
    const DATABASE_URL = `postgres://runhook:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/none`
    const shell = aShell({ columns: null, environment: { DATABASE_URL } })
    shell.put('hooks.json', { server: { database: `\${DATABASE_URL}` }, hooks })
    for (const words of [['migrate'], ['export'], ['import', 'hooks.json']]) {
      const { code, talk } = await shell.run(...words)
      expect(code).toBe(1)
      expect(talk).toContain('The database cannot be used')
      expect(talk).not.toContain(PASSWORD)
      expect(talk).not.toContain(encodeURIComponent(PASSWORD))
    }
  })
})
