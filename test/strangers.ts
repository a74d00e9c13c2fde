/** A flood of requests that prove nothing, beside deliveries that do: those are served, and little is kept. */

import { statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook } from './running.ts'
import { SECRET } from './some.ts'

const STRANGERS = 40
/** What the database may hold beside the deliveries that it keeps, some 7 KB each with their runs. */
const GROWTH = 2 ** 20
const DELIVERY = 8 * 1024

export async function strangersFlood(bad: number, good: number): Promise<void> {
  const site = { repo: 'github:acme/site', secret: SECRET, run: 'true', concurrency: false }
  const server = await aRunhook({ hooks: { site } })
  const refused = new Map<number, number>()
  let left = bad
  const flood = Array.from({ length: STRANGERS }, async (_, stranger) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    while (left-- > 0) {
      const status = await posted(server.port, agent, `127.0.1.${stranger + 1}`, 'not the secret')
      refused.set(status, (refused.get(status) ?? 0) + 1)
    }
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  onTestFinished(() => agent.destroy())
  const answers: number[] = []
  for (let n = 0; n < good; n++) answers.push(await posted(server.port, agent, '127.0.0.1', SECRET))
  await Promise.all(flood)
  expect(answers.filter((status) => status !== 202)).toEqual([])
  expect([...refused.keys()].filter((status) => status < 400 || status >= 500)).toEqual([])
  expect([...refused.values()].reduce((sum, count) => sum + count, 0)).toBe(bad)
  // The log is used again from its start when it is full; what stays is in the database once it is closed.
  expect(sizeOf(server.directory, 'runhook.db-wal')).toBeLessThan(16 * GROWTH)
  expect(await server.stop()).toBe(0)
  const size = sizeOf(server.directory, 'runhook.db')
  console.info({ refused: Object.fromEntries(refused), good: answers.length, size })
  expect(size).toBeLessThan(GROWTH + good * DELIVERY)
}

function posted(port: number, agent: Agent, localAddress: string, secret: string): Promise<number> {
  const body = aPushBody()
  const headers = asGitHub(body, {}, secret)
  const options = { port, host: '127.0.0.1', localAddress, agent, method: 'POST', headers }
  return new Promise((resolve, reject) => {
    const asking = request({ ...options, path: '/hooks/site' }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    asking.once('error', reject).end(body)
  })
}

function sizeOf(directory: string, name: string): number {
  return statSync(join(directory, '.runhook', name)).size
}
