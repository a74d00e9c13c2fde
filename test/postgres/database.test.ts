import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, vi } from 'vitest'
import { Postgres } from '../../src/postgres/connect.ts'
import { aDirectory, until } from '../some.ts'
import { aDatabase, aServer, onPostgres } from './database.ts'

function connected(url: string): Postgres {
  const database = new Postgres(url, { name: 'test' })
  onTestFinished(() => database.close())
  return database
}

const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
)

/** Null until all of it is written. */
function readReport(file: string): string[] | null {
  const parts = readFileSync(file, 'utf8').split(' ')
  return parts.length === 2 ? parts : null
}

/** One that has ended but is not yet reaped counts as ended. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout !== '' && !stdout.startsWith('Z')
}

describe('the PostgreSQL of tests', () => {
  onPostgres('gives each test a database of its own', async () => {
    const [one, two] = [connected(await aDatabase()), connected(await aDatabase())]
    await one.query('CREATE TABLE public.there (id BIGINT)')
    const known = await two.query(`SELECT to_regclass('there') AS there`)
    expect(known).toEqual([{ there: null }])
    const [user] = await one.query(
      `SELECT rolsuper AS super FROM pg_roles WHERE rolname = current_user`,
    )
    expect(user).toEqual({ super: false })
  })

  onPostgres.for(['fast', 'immediate', 'kill'] as const)(
    'keeps what was committed over a restart by "%s"',
    async (mode) => {
      const server = await aServer()
      const url = await server.createDatabase()
      const database = connected(url)
      await database.query('CREATE TABLE public.kept AS SELECT 7 AS id')
      await server.stop(mode)
      // Of one that was killed the processes of connections live on until they notice.
      const gone = () =>
        expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'storage' })
      await vi.waitFor(gone, 10_000)
      await server.start()
      expect(await database.query('SELECT id FROM public.kept')).toEqual([{ id: 7 }])
      expect(server.url('fleet_1')).toBe(url)
    },
  )

  onPostgres('is not left behind by tests that are killed', async () => {
    const directory = aDirectory()
    const harness = fileURLToPath(new URL('./database.ts', import.meta.url))
    const [report, orphan] = [join(directory, 'report'), join(directory, 'orphan.test.ts')]
    writeFileSync(
      orphan,
      `import { writeFileSync } from 'node:fs'
      import { aServer } from ${JSON.stringify(harness)}
      globalThis.test('waits to be killed', async () => {
        const { pid, directory } = await aServer()
        writeFileSync(${JSON.stringify(report)}, pid + ' ' + directory)
        await new Promise(() => {})
      }, 60_000)`,
    )
    const args = [vitest, 'run', '--globals', '--root', directory]
    const tests = spawn(process.execPath, args, { detached: true, stdio: 'ignore' })
    const [pid, folder = ''] = await until(
      () => existsSync(report) && readReport(report),
      'a server',
    )
    expect([isAlive(Number(pid)), existsSync(folder)]).toEqual([true, true])
    process.kill(-(tests.pid ?? 0), 'SIGKILL')
    await until(() => !isAlive(Number(pid)) && !existsSync(folder), "the server's end")
  })
})
