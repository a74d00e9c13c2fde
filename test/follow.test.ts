/** Following runs of a whole server, and what that costs its database. */

import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { StatementSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { loadConfig } from '../src/hooks/load.ts'
import { silentLog } from '../src/log.ts'
import { startServer } from '../src/server.ts'
import type { RunEvent } from '../src/show/events.ts'
import { send } from './receive/receiver.ts'
import { aDirectory, until } from './some.ts'

const TOKEN = 'a-token-of-this-test-012345'

interface Heard {
  readonly event: RunEvent
  readonly at: number
}

/** Follows a run over the socket; the list grows as events come. */
function follow(socketPath: string, run: number): { heard: Heard[]; text: () => string } {
  const heard: Heard[] = []
  let rest = ''
  get({ socketPath, path: `/api/v1/runs/${run}/events`, agent: false }, (answer) => {
    answer.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) heard.push({ event: JSON.parse(line), at: Date.now() })
    })
  })
  return { heard, text: () => heard.map(({ event }) => JSON.stringify(event)).join('\n') }
}

test('following runs asks nothing of the database while nothing happens', async () => {
  const directory = aDirectory()
  const path = join(directory, 'hooks.json')
  const wait = 'echo begun; until [ -e go ]; do sleep 0.05; done; date +%s%3N; sleep 0.5'
  const slow = {
    url: '/slow',
    token: TOKEN,
    run: [wait, 'echo more'],
    concurrency: { queue: 'max' },
  }
  writeFileSync(path, JSON.stringify({ hooks: { slow } }), { mode: 0o600 })
  const overrides = { port: 0 }
  const { config } = await loadConfig(path, { environment: {}, overrides })
  if (config === null) throw new Error('the hooks file is wrong')
  const server = await startServer(config, silentLog())
  onTestFinished(() => server.stop(0))
  const port = Number(new URL(server.url).port)
  const headers = { authorization: `Bearer ${TOKEN}` }
  for (const _ of [1, 2]) expect((await send(port, '/slow', { headers })).status).toBe(202)

  const socket = join(directory, '.runhook', 'runhook.sock')
  const [running, waiting] = [follow(socket, 1), follow(socket, 2)]
  await until(() => running.text().includes('begun'), 'the first line')
  await until(() => waiting.text().includes('queued'), 'the run that waits')
  const methods = (['get', 'all', 'run', 'iterate'] as const).map((name) =>
    vi.spyOn(StatementSync.prototype, name),
  )
  const statements = () => methods.reduce((sum, method) => sum + method.mock.calls.length, 0)
  await new Promise((resolve) => setTimeout(resolve, 2000))
  expect(statements()).toBe(0)

  writeFileSync(join(directory, 'go'), '')
  const said = await until(() => running.heard.find(({ event }) => /^\d+\n$/.test(output(event))))
  expect(said.at - Number(output(said.event))).toBeLessThan(1000)
  await until(() => waiting.text().includes('"end"'), 'the end of both')
  expect(statements()).toBeGreaterThan(0)
  const ends = [running, waiting].map(({ heard }) => heard.at(-1)?.event)
  expect(ends).toMatchObject([{ end: { status: 'success' } }, { end: { status: 'success' } }])
  for (const method of methods) method.mockRestore()
})

function output(event: RunEvent): string {
  return 'output' in event ? event.output : ''
}
