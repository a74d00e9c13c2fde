/** A server on which as many runs wait as may: everybody who asks for more is told so, and nothing is lost. */

import { expect, test } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook } from './running.ts'
import { SECRET, until } from './some.ts'

test('a full server refuses deliveries, triggers and re-runs, and takes them again later', async () => {
  const server = await aRunhook({
    file: { server: { 'max-waiting': 1, drain: '100ms' } },
    hooks: {
      slow: {
        repo: 'github:acme/site',
        on: ['push', 'manual'],
        secret: SECRET,
        run: 'until [ -e go ]; do sleep 0.05; done',
      },
      other: { on: 'manual', secret: SECRET, run: 'true' },
      held: { on: 'manual', secret: SECRET, concurrency: 'slow', run: 'true' },
    },
  })
  const push = (branch: string) => {
    const body = aPushBody({ ref: `refs/heads/${branch}` })
    return server.post('/hooks/slow', { body, headers: asGitHub(body) })
  }
  expect((await server.cli('trigger', 'other', '--wait')).code).toBe(0)
  expect((await push('main')).status).toBe(202)
  await until(async () => (await server.cli('runs')).stdout.includes('running'), 'the first')
  expect((await push('one')).status).toBe(202)
  expect(await push('two')).toMatchObject({ status: 503, headers: { 'retry-after': '30' } })
  expect(await push('two')).toMatchObject({ status: 503 })
  for (const words of [
    ['trigger', 'held'],
    ['rerun', '1'],
    ['redeliver', '2'],
  ]) {
    expect(await server.cli(...words)).toMatchObject({
      code: 1,
      stderr:
        'error: As many runs wait as may (1); nothing was kept. Try again later, or raise "max-waiting" of "server" in the hooks file.\n',
    })
  }
  expect(server.output().match(/\[503\]/g)).toHaveLength(1)
  expect(server.output()).not.toContain('ERROR')

  expect((await server.cli('cancel', '3')).code).toBe(0)
  expect((await push('two')).status).toBe(202)
  expect(await server.stop('SIGINT')).toBe(0)
})
