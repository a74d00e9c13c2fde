import { spawn } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { createLog } from '../../src/log.ts'
import { Postgres } from '../../src/postgres/connect.ts'
import { Listener, type ListenOptions } from '../../src/postgres/listen.ts'
import { Notices, type Word } from '../../src/postgres/notices.ts'
import { PostgresOutputLog } from '../../src/postgres/output.ts'
import { migrate } from '../../src/postgres/schema.ts'
import { needs } from '../needs.ts'
import { aDirectory, until } from '../some.ts'
import { aDatabase, aServer, onPostgres, PASSWORD } from './database.ts'
import { aRunningRun, endRun } from './fleet.ts'

/** A process that hears: all words and reconnections, and what its log was told. */
function anEar(url: string, options: Partial<ListenOptions> & { through?: string } = {}) {
  const { through = url, ...others } = options
  const heard: (Word | 'reconnected')[] = []
  const told: string[] = []
  const log = createLog({ pretty: false })
  for (const level of ['info', 'warn'] as const) {
    log[level] = (message: unknown) => void told.push(String(message))
  }
  const database = new Postgres(url, { name: 'test' })
  const listener = new Listener(through, { name: 'test', log, database, ...others })
  listener.join({
    word: (word) => heard.push(word),
    reconnected: () => heard.push('reconnected'),
  })
  listener.start()
  const notices = new Notices(database)
  onTestFinished(async () => {
    await listener.close()
    await notices.close()
    await database.close()
  })
  return { heard, told, listener, notices, database }
}

/** Passes everything on to the server, until it is silenced: then it looks alive and says nothing. */
async function aWire(url: string) {
  const sockets = new Set<Socket>()
  let silent = false
  const wire = createServer((near) => {
    const far = dial(Number(new URL(url).port), '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => void (silent || to.write(bytes)))
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => void wire.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    wire.close()
  })
  const through = new URL(url)
  through.port = String((wire.address() as { port: number }).port)
  return {
    url: through.href,
    silence(yes: boolean) {
      silent = yes
    },
  }
}

onPostgres('every process hears every word, its own as well', async () => {
  const url = await aDatabase()
  const [one, two] = [anEar(url), anEar(url)]
  await until(() => one.listener.hears && two.listener.hears, 'listening')
  one.notices.tell({ kind: 'move', run: 12 }, { kind: 'wake', queue: 'label.web' })
  for (const { heard, told } of [one, two]) {
    await until(() => heard.length === 3, 'the words')
    expect(heard).toEqual([
      'reconnected',
      { kind: 'move', run: 12 },
      { kind: 'wake', queue: 'label.web' },
    ])
    expect(told).toEqual([])
  }
})

onPostgres(
  'a hearer who has left hears nothing more, and words of newer releases are left out',
  async () => {
    const { listener, database, heard } = anEar(await aDatabase())
    const left: Word[] = []
    const leave = listener.join({ word: (word) => left.push(word) })
    await until(() => listener.hears)
    leave()
    await database.query(`SELECT pg_notify('runhook', E'dance 12\\nmove 13')`)
    await until(() => heard.length > 1, 'the word that is known')
    expect([heard.slice(1), left]).toEqual([[{ kind: 'move', run: 13 }], []])
  },
)

onPostgres('after a crash of the database it listens again, and says so to everybody', async () => {
  const server = await aServer()
  const { listener, heard, told, notices } = anEar(await server.createDatabase())
  await until(() => listener.hears)
  await server.stop('immediate')
  await until(() => !listener.hears && told.length > 0, 'the loss')
  await new Promise((resolve) => setTimeout(resolve, 1000)) // in which it tries several times
  await server.start()
  await until(() => listener.hears, 'listening again')
  notices.tell({ kind: 'cancel', run: 7 })
  await until(() => heard.length === 3, 'the word')
  expect(heard).toEqual(['reconnected', 'reconnected', { kind: 'cancel', run: 7 }])
  expect(told).toEqual([
    expect.stringMatching(/^no news of the fleet, trying again: The database cannot be used: /),
    '    news of the fleet comes through again',
  ])
  expect(told.join()).not.toContain(PASSWORD)
})

onPostgres('a connection that falls silent is found out and replaced', async () => {
  const url = await aDatabase()
  const wire = await aWire(url)
  const { listener, heard } = anEar(url, { through: wire.url, heartbeatMs: 200 })
  await until(() => listener.hears)
  wire.silence(true)
  await until(() => !listener.hears, 'finding out')
  wire.silence(false)
  await until(() => listener.hears, 'another connection')
  expect(heard).toEqual(['reconnected', 'reconnected'])
})

onPostgres('one that is being opened does not hold up a stop', async () => {
  const url = await aDatabase()
  const wire = await aWire(url)
  wire.silence(true)
  const { listener, heard } = anEar(url, { through: wire.url })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await listener.close()
  expect(heard).toEqual([])
})

/** The URL of the same database, through a pooler. */
async function aPooler(url: string, mode: 'transaction' | 'session'): Promise<string> {
  const { port, pathname } = new URL(url)
  const own = String(15_000 + Math.floor(Math.random() * 15_000))
  const directory = aDirectory()
  chmodSync(directory, 0o755)
  const file = join(directory, 'pgbouncer.ini')
  const name = pathname.slice(1)
  writeFileSync(
    file,
    `[databases]
${name} = host=127.0.0.1 port=${port} dbname=${name} user=runhook password='${PASSWORD}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
`,
  )
  const unprivileged = process.getuid?.() === 0 ? { uid: 2, gid: 2 } : {}
  const pooler = spawn('pgbouncer', [file], { ...unprivileged, cwd: directory, stdio: 'ignore' })
  onTestFinished(async () => {
    const ended = new Promise((resolve) => pooler.once('exit', resolve))
    pooler.kill('SIGKILL')
    await ended
  })
  return `postgres://runhook@127.0.0.1:${own}/${name}`
}

needs('pgbouncer')(
  'behind a pooler in transaction mode it says once that no words come, and output is followed all the same',
  async () => {
    const url = await aPooler(await aDatabase(), 'transaction')
    const ear = anEar(url, { echoMs: 500 })
    await until(() => ear.told.some((line) => line.includes('pooler')), 'saying so')
    expect(ear.listener.hears).toBe(false)
    expect(ear.told.filter((line) => line.includes('pooler'))).toEqual([
      'the database passes no news on (LISTEN is not heard): it is asked for instead, which takes a second or two. ' +
        'So it is behind a pooler in transaction mode: give "database" an address past it, or one in session mode.',
    ])
    await migrate(ear.database)
    const log = new PostgresOutputLog(ear.database, ear)
    await aRunningRun(ear, 1)
    const writer = log.open(1)
    const pieces = log.follow(1, 0)
    for (const line of ['one', 'two']) {
      const next = pieces.next()
      writer.write(Buffer.from(line))
      expect(Buffer.from((await next).value ?? '').toString()).toBe(line)
    }
    await writer.close()
    await endRun(ear, 1)
    expect(await pieces.next()).toMatchObject({ done: true })
  },
)

needs('pgbouncer')(
  'a pooler in transaction mode may mix up connections: all is carried out',
  async () => {
    const server = await aServer({ settings: { synchronous_commit: 'off' } })
    const url = await aPooler(await server.createDatabase(), 'transaction')
    const members = Array.from({ length: 2 }, () => new Postgres(url, { name: 'test' }))
    const answers = () => members[0]?.query('SELECT 1').then(Boolean, () => false)
    await until(() => answers() ?? false, 'the pooler')
    onTestFinished(async () => void (await Promise.all(members.map((each) => each.close()))))
    const long = `SELECT $1::int AS one, current_setting('synchronous_commit') AS commits /* ${'-'.repeat(150)} */`
    const asked = Array.from({ length: 200 }, (_, i) =>
      members[i % 2]?.transaction(async (session) => {
        const [row] = await session.query(long, [i])
        return row
      }),
    )
    const commits = 'on'
    expect(await Promise.all(asked)).toEqual(asked.map((_, one) => ({ one, commits })))
  },
)

needs('pgbouncer')('through a pooler in session mode words come', async () => {
  const { listener } = anEar(await aPooler(await aDatabase(), 'session'))
  await until(() => listener.hears, 'listening')
})
