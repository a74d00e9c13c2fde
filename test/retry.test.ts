/**
 * Retries through crashes: a server that is killed with -9 while one waits, and again and again at any
 * moment. Each failed run is followed by exactly one retry, and no attempt runs twice.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Run } from '../src/model/run.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const hook = (more: object) => ({
  repo: 'github:acme/site',
  secret: SECRET,
  run: 'echo "$HOOK_RUN" >> journal; exit 1',
  ...more,
})

async function deliver(server: Running): Promise<void> {
  const body = aPushBody({ ref: `refs/heads/b${Math.random()}` })
  const answer = await server
    .post('/hooks/site', { body, headers: asGitHub(body) })
    .catch(() => null)
  if (answer) expect(answer.status).toBe(202)
}

async function runsOf(server: Running): Promise<Run[]> {
  return JSON.parse((await server.cli('runs', '--json', '--limit', '500')).stdout).runs.reverse()
}

const attempts = (directory: string) => {
  const path = join(directory, 'journal')
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}

test('a server killed between a failure and its retry tries again exactly once', async () => {
  const directory = aDirectory()
  const retry = { times: 1, delay: '8s' }
  let server = await aRunhook({ directory, hooks: { site: hook({ retry }) } })
  await deliver(server)
  const waiting = await until(
    async () => (await runsOf(server)).find(({ id }) => id === 2),
    'the retry',
  )
  expect(waiting).toMatchObject({ status: 'queued', attempt: 2, retry: { run: 1, number: 1 } })
  expect((await server.cli('runs')).stdout).toMatch(/◌ #2 +site +waiting, retry 1 of 1 in \ds /)
  await server.stop('SIGKILL')
  server = await aRunhook({ directory })
  await until(async () => (await runsOf(server))[1]?.status === 'failure', 'the second attempt')
  expect(await runsOf(server)).toMatchObject([
    { id: 1, reason: expect.stringMatching(/exit code 1; retry 1 of 1 in 8s as run #2$/) },
    { id: 2, reason: expect.stringMatching(/exit code 1$/) },
  ])
  const [, second] = await runsOf(server)
  expect(second?.startedAt).toBeGreaterThanOrEqual(waiting.notBefore ?? Number.NaN)
  expect(await server.stop()).toBe(0)
  expect(attempts(directory)).toEqual(['1', '2'])
})

test('what a stop interrupted is run again by the next server, where the hook says so', async () => {
  const directory = aDirectory()
  const run = 'echo "$HOOK_RUN" >> journal; [ "$HOOK_RUN" = 2 ] || sleep 300'
  const retry = { times: 1, delay: '0s', on: 'interrupted' }
  const file = { server: { drain: '0s' } }
  let server = await aRunhook({ directory, file, hooks: { site: hook({ run, retry }) } })
  await deliver(server)
  await until(() => attempts(directory).length > 0, 'the command')
  expect(await server.stop()).toBe(0)
  server = await aRunhook({ directory })
  await until(async () => (await runsOf(server))[1]?.status === 'success', 'the second attempt')
  expect((await runsOf(server))[0]).toMatchObject({
    status: 'interrupted',
    reason: 'the server was stopped while it was running; retry 1 of 1 in 0s as run #2',
  })
  expect(await server.stop()).toBe(0)
  expect(attempts(directory)).toEqual(['1', '2'])
})

test('killed at any moment, each failed run has one retry and no attempt runs twice', async () => {
  const directory = aDirectory()
  writeFileSync(join(directory, 'journal'), '')
  const retry = { times: 3, delay: '50ms', on: ['failure', 'interrupted'] }
  const hooks = { site: hook({ retry, concurrency: false }) }
  let server = await aRunhook({ directory, hooks })
  for (let round = 0; round < 8; round++) {
    const sent = Promise.all(Array.from({ length: 6 }, () => deliver(server)))
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400))
    await server.stop('SIGKILL')
    await sent
    server = await aRunhook({ directory })
  }
  const runs = await until(async () => {
    const all = await runsOf(server)
    return all.every(({ finishedAt }) => finishedAt !== null) && all
  }, 'the end of all runs')
  expect(await server.stop()).toBe(0)

  const followers = (id: number) => runs.filter((run) => run.retry?.run === id).length
  const wanted = ({ status, retry: of }: Run) => {
    if ((of?.number ?? 0) >= 3) return 0
    return status === 'failure' || (of?.interruptions ?? 0) < 2 ? 1 : 0
  }
  expect(runs.length).toBeGreaterThan(8)
  expect(runs.filter((run) => followers(run.id) !== wanted(run))).toEqual([])
  const begun = attempts(directory)
  expect(new Set(begun).size).toBe(begun.length)
}, 120_000)
