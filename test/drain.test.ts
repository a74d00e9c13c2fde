/** What a stop waits for, what it keeps, and what happens to deliveries meanwhile. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { aHeldRunhook } from './held.ts'
import { needs } from './needs.ts'
import { aPushBody, asGitHub, send } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

/** Runs until there is a file `go`. */
const waiting = 'echo start >> journal; while [ ! -e go ]; do sleep 0.05; done; echo end >> journal'
const site = (run: string, more = {}) => ({
  repo: 'github:acme/site',
  secret: SECRET,
  run,
  ...more,
})

function deliver(port: number) {
  const body = aPushBody()
  return send(port, '/hooks/site', { body, headers: asGitHub(body) })
}

async function runs(server: Running): Promise<{ id: number; status: string; reason: string }[]> {
  return JSON.parse((await server.cli('runs', '--json')).stdout).runs.toReversed()
}

const journal = (directory: string) => {
  const path = join(directory, 'journal')
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}

test('when nothing runs a stop is a matter of a moment, and says so', async () => {
  const server = await aRunhook({ hooks: { site: site('true') } })
  await deliver(server.port)
  await until(async () => (await runs(server))[0]?.status === 'success', 'the run')
  const before = performance.now()
  expect(await server.stop()).toBe(0)
  expect(performance.now() - before).toBeLessThan(30_000) // a minute is what a run would be given
  expect(server.output()).toContain('SIGTERM: nothing runs, stopping')
  expect(server.output()).not.toContain('60s')
})

test('the second of a group waits on, and runs after the restart', async () => {
  const directory = aDirectory()
  const hooks = { site: site(waiting, { concurrency: { group: 'one', queue: 'max' } }) }
  const first = await aRunhook({ directory, hooks, file: { server: { drain: '300ms' } } })
  await deliver(first.port)
  await until(() => journal(directory).length === 1, 'the first run')
  await deliver(first.port)
  expect(await first.stop()).toBe(0)
  expect(first.output()).toContain(
    'SIGTERM: 1 running get 0s to end; 1 waiting stay for the next start',
  )
  writeFileSync(join(directory, 'go'), '')
  const second = await aRunhook({ directory })
  await until(async () => (await runs(second))[1]?.status === 'success', 'the run that waited')
  expect((await runs(second))[0]).toMatchObject({
    status: 'interrupted',
    reason: 'the server was stopped while it was running',
  })
  expect(journal(directory)).toEqual(['start', 'start', 'end'])
})

describe('a delivery that comes while a command is given time to end', () => {
  test('is stored, waits, and runs after the restart', async () => {
    const directory = aDirectory()
    const hooks = { site: site(waiting, { concurrency: false }) }
    const first = await aRunhook({ directory, hooks })
    await deliver(first.port)
    await until(() => journal(directory).length === 1, 'the first run')
    const stopped = first.stop()
    await until(() => first.output().includes('SIGTERM'), 'the stop')
    expect((await deliver(first.port)).status).toBe(202)
    expect(await runs(first)).toMatchObject([{ status: 'running' }, { status: 'queued' }])
    writeFileSync(join(directory, 'go'), '')
    expect(await stopped).toBe(0)
    expect(journal(directory)).toEqual(['start', 'end'])
    const second = await aRunhook({ directory })
    await until(() => journal(directory).length === 4, 'the run that waited')
    await until(async () => (await runs(second))[1]?.status === 'success', 'its end')
  })

  needs('python3')(
    'is neither refused then nor when nobody listens, where the socket is held',
    async () => {
      const directory = aDirectory()
      const file = { hooks: { site: site(waiting, { concurrency: false }) } }
      const server = await aHeldRunhook(directory, file)
      await server.start()
      await deliver(server.port)
      await until(() => journal(directory).length === 1, 'the first run')
      const stopped = server.stop()
      await until(() => server.output().includes('SIGTERM'), 'the stop')
      expect((await deliver(server.port)).status).toBe(202)
      writeFileSync(join(directory, 'go'), '')
      expect(await stopped).toBe(0)
      const late = deliver(server.port)
      await server.start()
      expect((await late).status).toBe(202)
      await until(() => journal(directory).length === 6, 'three runs')
      expect(await server.stop()).toBe(0)
    },
  )

  test('and waits for the output of its run is told that the run comes later', async () => {
    const directory = aDirectory()
    const page = { url: '/page', on: 'get', auth: 'none', command: ['echo', 'here'] }
    const hooks = { site: site(waiting), page }
    const server = await aRunhook({ directory, hooks })
    await deliver(server.port)
    await until(() => journal(directory).length === 1, 'the run')
    const stopped = server.stop()
    await until(() => server.output().includes('SIGTERM'), 'the stop')
    const asked = server.post('/page', { method: 'GET' })
    await until(async () => (await runs(server)).length === 2, 'the call')
    writeFileSync(join(directory, 'go'), '')
    expect(await asked).toMatchObject({
      status: 503,
      text: 'The server is stopping. The run waits and starts when the server is back; do not ask again for it.\n',
    })
    expect(await stopped).toBe(0)
  })
})
