/** A whole server as its own process: reload, stop, restart, and what it does when the machine is in the way. */

import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testUnless } from './needs.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running, runhook } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const page = (text: string) => ({
  url: '/page',
  on: 'get',
  auth: 'none',
  command: ['echo', text],
})
const push = (run: string, more = {}) => ({
  'deploy-site': { repo: 'github:acme/site', secret: SECRET, run, ...more },
})
const file = (hooks: object) => JSON.stringify({ hooks })
const read = async (server: Running) => (await server.post('/page', { method: 'GET' })).text

function deliver(server: Running, fields: Record<string, unknown> = {}) {
  const body = aPushBody(fields)
  return server.post('/hooks/deploy-site', { body, headers: asGitHub(body) })
}

async function statusOf(server: Running, id: number): Promise<string> {
  const { stdout } = await server.cli('runs', '--json')
  const runs: { id: number; status: string }[] = JSON.parse(stdout).runs
  return runs.find((run) => run.id === id)?.status ?? 'none'
}

const longCommand = 'echo $$ > pid; sleep 100'

/** Waits for the command to have written its pid. */
const pidIn = (directory: string) =>
  until(() => {
    const path = join(directory, 'pid')
    return existsSync(path) && Number(readFileSync(path, 'utf8'))
  }, 'the command')

describe('a changed hooks file', () => {
  test('is taken over when it is written in place, renamed over, or on SIGHUP', async () => {
    const server = await aRunhook({ hooks: { page: page('one') } })
    const path = join(server.directory, 'hooks.json')
    expect(await read(server)).toBe('one\n')
    writeFileSync(path, file({ page: page('two') }))
    await until(async () => (await read(server)) === 'two\n', 'the change in place')
    writeFileSync(`${path}.new`, file({ page: page('three') }))
    renameSync(`${path}.new`, path)
    await until(async () => (await read(server)) === 'three\n', 'the renamed file')
    server.child.kill('SIGHUP')
    await until(() => server.output().match(/reloaded/g)?.length === 3, 'the reload on SIGHUP')
    expect(await read(server)).toBe('three\n')
  })

  test('that changes the server itself says what counts from the next start only', async () => {
    const server = await aRunhook({ hooks: { page: page('one') } })
    const path = join(server.directory, 'hooks.json')
    const change = { server: { drain: '7s', 'max-parallel': 2, keep: { bodies: '7d' } } }
    writeFileSync(path, JSON.stringify({ ...change, hooks: { page: page('two') } }))
    await until(() => server.output().includes('reloaded'), 'the reload')
    expect(server.output()).toContain(
      'hooks.json reloaded: 1 hook; server.max-parallel, server.drain count from the next start',
    )
  })

  test('that was not taken over is named where a hook of it is asked for', async () => {
    const server = await aRunhook({ hooks: { page: page('one') } })
    writeFileSync(join(server.directory, 'hooks.json'), '{ "hooks": { "nightly": {} } }')
    await until(() => server.output().includes('stays in use'), 'the mistake')
    for (const verb of ['trigger', 'logs', 'runs']) {
      const { code, stderr } = await server.cli(verb, 'nightly')
      expect(code).toBe(3)
      expect(stderr).toMatch(
        /^error: There is no hook "nightly"\. hooks\.json has .* mistakes?; the one before it stays in use: see "runhook check"\.\n$/,
      )
    }
  })

  test('is taken over when a link to its folder is swapped, as Kubernetes does', async () => {
    const directory = aDirectory()
    for (const version of ['one', 'two']) {
      mkdirSync(join(directory, version))
      writeFileSync(join(directory, version, 'hooks.json'), file({ page: page(version) }))
    }
    symlinkSync('one', join(directory, '..data'))
    symlinkSync('..data/hooks.json', join(directory, 'hooks.json'))
    const server = await aRunhook({ directory })
    expect(await read(server)).toBe('one\n')
    symlinkSync('two', join(directory, 'next'))
    renameSync(join(directory, 'next'), join(directory, '..data'))
    await until(async () => (await read(server)) === 'two\n', 'the swapped folder')
  })

  test('changes nothing while it is broken, half-written or gone, and says so', async () => {
    const server = await aRunhook({ hooks: { page: page('good') } })
    const path = join(server.directory, 'hooks.json')
    const broken = [file({ page: { ...page('bad'), tmeout: '5s' } }), '{"hooks":{"pa', '']
    for (const [index, text] of broken.entries()) {
      writeFileSync(path, text)
      const said = () => (server.output().match(/the one before it stays in use/g) ?? []).length
      await until(() => said() > index, `the word about ${text}`)
      expect(await read(server)).toBe('good\n')
    }
    expect(server.output()).toContain('did you mean "timeout"?')
    unlinkSync(path)
    await until(() => server.output().includes('cannot be loaded'), 'the word about no file')
    expect(await read(server)).toBe('good\n')
    writeFileSync(path, file({ page: page('better') }))
    await until(async () => (await read(server)) === 'better\n', 'the mended file')
  })

  test('never fails a request while it is edited under load', { timeout: 60_000 }, async () => {
    const server = await aRunhook({ hooks: { page: page('0') } })
    const path = join(server.directory, 'hooks.json')
    let editing = true
    const statuses = new Set<number>()
    const senders = Array.from({ length: 4 }, async () => {
      while (editing) statuses.add((await server.post('/page', { method: 'GET' })).status)
    })
    for (let i = 1; i <= 60; i++) {
      writeFileSync(path, i % 3 === 0 ? '{ broken' : file({ page: page(String(i)) }))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    writeFileSync(path, file({ page: page('last') }))
    await until(async () => (await read(server)) === 'last\n', 'the last edit')
    editing = false
    await Promise.all(senders)
    expect([...statuses]).toEqual([200])
  })
})

describe('a stop', () => {
  test('lets a running command end, and leaves what waits for the next start', async () => {
    const directory = aDirectory()
    const hooks = push('sleep 4; echo done >> done', { concurrency: { queue: 'max' } })
    const first = await aRunhook({ directory, hooks })
    await deliver(first)
    await until(async () => (await statusOf(first, 1)) === 'running', 'the start')
    await deliver(first, { ref: 'refs/heads/b' })
    const stopped = first.stop()
    expect(await statusOf(first, 1)).toBe('running') // the command line still answers
    first.child.kill('SIGHUP') // a reload now must not end the process
    expect(await stopped).toBe(0)
    expect(readFileSync(join(directory, 'done'), 'utf8')).toBe('done\n')
    const second = await aRunhook({ directory })
    await until(async () => (await statusOf(second, 2)) === 'success', 'the run that waited')
    expect(await statusOf(second, 1)).toBe('success')
    expect(readFileSync(join(directory, 'done'), 'utf8')).toBe('done\ndone\n')
  })

  test('ends what is still running after its time, and says that it did', async () => {
    const directory = aDirectory()
    const server = { drain: '200ms' }
    const first = await aRunhook({ directory, hooks: push(longCommand), file: { server } })
    await deliver(first)
    const pid = await pidIn(directory)
    expect(await first.stop()).toBe(0)
    const second = await aRunhook({ directory })
    const [run] = JSON.parse((await second.cli('runs', '--json')).stdout).runs
    expect(run).toMatchObject({
      status: 'interrupted',
      reason: 'the server was stopped while it was running',
    })
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})

test('after a crash what was left running is ended, and the run is marked interrupted', async () => {
  const directory = aDirectory()
  const first = await aRunhook({ directory, hooks: push(longCommand) })
  await deliver(first)
  const pid = await pidIn(directory)
  await first.stop('SIGKILL')
  const second = await aRunhook({ directory })
  await until(async () => (await statusOf(second, 1)) === 'interrupted', 'the mark')
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

describe('what keeps it from starting', () => {
  const serve = (directory: string, ...more: string[]) =>
    runhook(directory, ['serve', '--port', '0', ...more])

  test('a file with mistakes: all of them are printed, and the exit code is 78', async () => {
    const directory = aDirectory()
    writeFileSync(join(directory, 'hooks.json'), file(push('x', { tmeout: '5s', branch: 'main' })))
    const { code, stderr } = await serve(directory)
    expect(code).toBe(78)
    expect(stderr).toContain('did you mean "timeout"?')
    expect(stderr).toContain('hooks.json has mistakes; nothing was started.')
  })

  test('a data directory that another one uses', async () => {
    const server = await aRunhook({ hooks: { page: page('x') } })
    const { code, stderr } = await serve(server.directory)
    expect(code).toBe(78)
    expect(stderr).toContain('Another runhook is using the data directory')
  })

  test('a port that is taken', async () => {
    const server = await aRunhook({ hooks: { page: page('x') } })
    const directory = aDirectory()
    writeFileSync(join(directory, 'hooks.json'), file({ page: page('y') }))
    const { code, stderr } = await serve(directory, '--port', String(server.port))
    expect(code).toBe(1)
    expect(stderr).toContain(`Another program listens on port ${server.port} on 127.0.0.1.`)
  })
})

describe('a disk that is in the way', () => {
  const mounting = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
  const mountTest = testUnless(mounting ? null : 'mounting a small disk needs root')

  function aDisk(options: string): string {
    const directory = aDirectory()
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]).status).toBe(0)
    onTestFinished(() => void spawnSync('umount', ['-l', directory]))
    return directory
  }

  mountTest(
    'full: 503 and nothing kept, and it recovers by itself when there is room',
    async () => {
      const disk = aDisk('size=3m')
      const hooks = push('true', { replay: 'allow', concurrency: false })
      const server = await aRunhook({ hooks, args: ['--data', join(disk, 'data')] })
      const padding = 'x'.repeat(100_000)
      const statuses: number[] = []
      while (statuses.at(-1) !== 503 && statuses.length < 100) {
        statuses.push((await deliver(server, { padding })).status)
      }
      expect(statuses.at(-1)).toBe(503)
      expect((await deliver(server, { padding })).text).toBe(
        'The delivery could not be stored; nothing was kept. Send it again.\n',
      )
      expect((await server.post('/healthz', { method: 'GET' })).status).toBe(200)
      spawnSync('mount', ['-o', 'remount,size=20m', disk])
      const accepted = statuses.filter((status) => status === 202).length
      await until(async () => (await deliver(server, { padding })).status === 202, 'recovery')
      const { stdout } = await server.cli(
        'deliveries',
        '--json',
        '--limit',
        '100',
        '--data',
        join(disk, 'data'),
      )
      expect(JSON.parse(stdout).deliveries).toHaveLength(accepted + 1)
    },
  )

  mountTest('full at the start after a crash: it waits for room, and then goes on', async () => {
    const disk = aDisk('size=3m')
    const data = join(disk, 'data')
    const directory = aDirectory()
    const first = await aRunhook({ directory, hooks: push('sleep 100'), args: ['--data', data] })
    await deliver(first)
    const status = async (server: Running) => {
      const { stdout } = await server.cli('runs', '--json', '--data', data)
      return JSON.parse(stdout).runs[0].status
    }
    await until(async () => (await status(first)) === 'running', 'the start')
    await first.stop('SIGKILL')
    spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'fill')}`, 'bs=4k'])
    const second = await aRunhook({ directory, args: ['--data', data] })
    await until(() => second.output().includes('Nothing is started until it is mended'), 'the word')
    unlinkSync(join(disk, 'fill'))
    await until(async () => (await status(second)) === 'interrupted', 'recovery')
  })

  mountTest('read-only: it refuses to start and names the directory', async () => {
    const disk = aDisk('size=3m')
    spawnSync('mount', ['-o', 'remount,ro', disk])
    const directory = aDirectory()
    writeFileSync(join(directory, 'hooks.json'), file({ page: page('x') }))
    const { code, stderr } = await runhook(directory, ['serve', '--port', '0', '--data', disk])
    expect(code).toBe(78)
    expect(stderr).toContain(`The data directory ${disk} cannot be used`)
  })
})

test('slow senders are cut off, and others are served meanwhile', { timeout: 60_000 }, async () => {
  const server = await aRunhook({ hooks: { page: page('x') } })
  const started = Date.now()
  const closed = Array.from({ length: 100 }, () => {
    return new Promise<number>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write('POST /x HTTP/1.1\r\nX: '),
      )
      const drip = setInterval(() => socket.write('a'), 500)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          clearInterval(drip)
          resolve(Date.now() - started)
        })
    })
  })
  expect(await read(server)).toBe('x\n')
  for (const ms of await Promise.all(closed)) expect(ms).toBeLessThan(20_000)
})
