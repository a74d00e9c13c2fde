/** A whole server that keeps within its bounds, and tells who asks for what is gone. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const run = 'head -c 5000 /dev/zero | tr "\\0" "x"'
const hooks = { site: { repo: 'github:acme/site', secret: SECRET, run, concurrency: false } }

async function deliverAndWait(server: Running, id: number): Promise<void> {
  const body = aPushBody()
  expect((await server.post('/hooks/site', { body, headers: asGitHub(body) })).status).toBe(202)
  await until(
    async () => (await server.cli('runs', '--json')).stdout.includes(`"id": ${id},`),
    'it',
  )
  await until(async () => {
    const { runs } = JSON.parse((await server.cli('runs', '--json')).stdout)
    return runs.every(({ status }: { status: string }) => status === 'success')
  }, 'its end')
}

test('when outputs are too much together the oldest goes soon, and logs says so', async () => {
  const directory = aDirectory()
  const file = { server: { keep: { 'output-size': '26kB' } } }
  const server = await aRunhook({ directory, hooks, file })
  for (let id = 1; id <= 7; id++) await deliverAndWait(server, id)
  const output = (id: number) => existsSync(join(directory, '.runhook/output/0', `${id}.log`))
  await until(() => !output(2), 'the removal', 30_000)
  expect([1, 2, 3, 4, 5, 6, 7].filter(output)).toEqual([3, 4, 5, 6, 7])
  const gone = await server.cli('logs', '1')
  expect(gone.code).toBe(0)
  expect(gone.stderr).toContain('What #1 wrote was kept for its time and is removed')
  expect((await server.cli('logs', '7')).stdout).toContain('xxxxx')
})

test('a delivery whose payload is gone is still shown, and says why it cannot be used', async () => {
  const directory = aDirectory()
  const first = await aRunhook({ directory, hooks })
  await deliverAndWait(first, 1)
  await first.stop()
  const database = new DatabaseSync(join(directory, '.runhook/runhook.db'))
  const received = Date.now() - 20 * 24 * 60 * 60 * 1000
  database
    .prepare("UPDATE deliveries SET received_at = ?, body = x'', body_removed_at = ?")
    .run(received, Date.now())
  database.close()
  const server = await aRunhook({ directory })
  const { stdout } = await server.cli('deliveries', '1')
  expect(stdout).toContain('acme/site')
  expect(stdout).toMatch(/body +removed/)
  for (const [verb, of] of [
    ['redeliver', '1'],
    ['rerun', '1'],
  ] as const) {
    const { code, stderr } = await server.cli(verb, of)
    expect(code, verb).toBe(1)
    expect(stderr).toContain(
      'Delivery #1 cannot be used again: its payload was removed after 20 days.',
    )
  }
  const explained = await server.cli('check', '--explain', '1')
  expect(explained.stderr).toContain('its payload was removed after 20 days')
})
