import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { aDatabase, aServer, onPostgres } from '../postgres/database.ts'
import { aPushBody, asGitHub, send } from '../receive/receiver.ts'
import { aRunhook, bareEnvironment, MAIN } from '../running.ts'
import { aDirectory, SECRET, until } from '../some.ts'

const hooks = {
  site: { repo: 'github:acme/site', secret: SECRET, on: ['push', 'manual'], run: 'echo deployed' },
}
const TIMEOUT = { timeout: 120_000 }

function aServerThat(only: string, database: string) {
  const file = { server: { database, lease: '10s' } }
  return aRunhook({ hooks, file, args: ['--only', only, '--name', 'server'] })
}

async function answers(port: number) {
  const body = aPushBody()
  const { status } = await send(port, '/hooks/site', { body, headers: asGitHub(body) })
  const got = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  return { delivery: status, api: await got('/api/v1/runs'), ready: await got('/readyz') }
}

onPostgres('each server does what --only says, and nothing else', TIMEOUT, async () => {
  const database = await aDatabase()
  const receiver = await aServerThat('receive', database)
  expect(await answers(receiver.port)).toEqual({ delivery: 202, api: 404, ready: 200 })
  const shower = await aServerThat('show', database)
  expect(await answers(shower.port)).toEqual({ delivery: 404, api: 401, ready: 200 })
  // The command line reaches each on its own machine, and nobody runs anything yet.
  for (const { cli } of [receiver, shower]) expect((await cli('runs')).stdout).toMatch(/queued/)
  const runner = await aServerThat('run', database)
  expect(await answers(runner.port)).toEqual({ delivery: 404, api: 404, ready: 200 })
  await until(async () => /success/.test((await shower.cli('runs')).stdout), 'the end of the run')
  expect((await receiver.cli('trigger', 'site', '--wait')).stdout).toMatch(
    /\$ echo deployed\ndeployed\n/,
  )
})

onPostgres(
  'a second server does not take the folder of one that lives, a worker may use it',
  TIMEOUT,
  async () => {
    const one = await aServerThat('receive,show', await aDatabase())
    const again = ['serve', '--only', 'receive,show', '--port', '0']
    const { code, stderr } = await one.cli(...again)
    expect(code).not.toBe(0)
    expect(stderr).toContain('Another runhook is using the data directory')
    expect((await one.cli('runs')).code).toBe(0)
    const worker = await started(one.directory, ['worker', '--name', 'web-1'], /is ready/)
    expect((await one.cli('workers')).stdout).toContain('web-1')
    expect(await worker.stop()).toBe(0)
  },
)

onPostgres('readiness goes with the database, and comes back with it', TIMEOUT, async () => {
  const server = await aServer()
  const { port } = await aServerThat('receive', await server.createDatabase())
  const ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
    return [answer.status, await answer.text()]
  }
  expect(await ready()).toEqual([200, 'ok\n'])
  await server.stop('immediate')
  expect(await ready()).toEqual([503, 'The database cannot be used.\n'])
  await server.start()
  await until(async () => (await ready())[0] === 200, 'a server that is ready again')
})

/** A database that never answers: connections to it are accepted, and that is all. */
async function aSilentDatabase(): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return `postgres://ada@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/fleet`
}

describe.each(['refuses', 'never answers'])('while its database %s', (how) => {
  test.each([
    ['a server', ['serve', '--port', '0']],
    ['a server that only receives', ['serve', '--port', '0', '--only', 'receive']],
    ['a worker', ['worker']],
  ])(
    '%s that is asked to stop does, with exit code 0',
    async (_, args) => {
      const database =
        how === 'refuses' ? 'postgres://ada@127.0.0.1:1/fleet' : await aSilentDatabase()
      const directory = aDirectory()
      const file = JSON.stringify({ server: { database }, hooks })
      writeFileSync(join(directory, 'hooks.json'), file, { mode: 0o600 })
      const one = await started(directory, args, null)
      await new Promise((resolve) => setTimeout(resolve, 3000))
      expect(await one.stop()).toBe(0)
      expect(one.output()).not.toMatch(/ready|error:/i)
    },
    60_000,
  )
})

/** A runhook process, once it has said `word`. */
async function started(cwd: string, args: readonly string[], word: RegExp | null) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: bareEnvironment() })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  onTestFinished(() => void child.kill('SIGKILL'))
  if (word) await until(() => word.test(output), String(word))
  const stop = () => {
    child.kill('SIGTERM')
    return exited
  }
  return { output: () => output, stop }
}
