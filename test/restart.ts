/** Restarts under load while the socket is held: nobody is turned away, and each delivery runs once. */

import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { aHeldRunhook } from './held.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aDirectory, SECRET, until } from './some.ts'

const SENDERS = 4

export async function restartUnderLoad(rounds: number): Promise<void> {
  const directory = aDirectory()
  const journal = join(directory, 'journal')
  writeFileSync(journal, '')
  const run = `echo "$HOOK_DELIVERY" >> ${journal}`
  const site = { repo: 'github:acme/site', secret: SECRET, run, concurrency: false }
  const server = await aHeldRunhook(directory, { hooks: { site }, server: { data: 'data' } })
  await server.start()
  const accepted: string[] = []
  const failed: string[] = []
  let going = true
  const senders = Array.from({ length: SENDERS }, async (_, sender) => {
    for (let i = 0; going; i++) {
      const guid = `guid-${sender}-${i}`
      const told = await deliver(server.port, guid)
      if (told === '202') accepted.push(guid)
      else failed.push(told)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })
  for (let round = 0; round < rounds; round++) {
    const before = accepted.length
    await until(() => accepted.length > before + 20, 'deliveries')
    expect(await server.stop()).toBe(0)
    await server.start()
  }
  going = false
  await Promise.all(senders)
  expect(failed).toEqual([])
  const ran = () => readFileSync(journal, 'utf8').trim().split('\n')
  await until(() => ran().length >= accepted.length, 'all runs', 60_000)
  expect(await server.stop()).toBe(0)
  expect(ran().toSorted()).toEqual(accepted.toSorted())
}

/** On a connection of its own. Resolves with the status, or the error's code: ECONNREFUSED, ECONNRESET. */
function deliver(port: number, guid: string): Promise<string> {
  const body = aPushBody({ guid })
  const headers = { ...asGitHub(body), 'x-github-delivery': guid }
  return new Promise((resolve) => {
    const options = { port, path: '/hooks/site', method: 'POST', headers, agent: false }
    const sent = request({ host: '127.0.0.1', ...options }, (answer) => {
      answer.resume().once('end', () => resolve(String(answer.statusCode)))
    })
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    sent.end(body)
  })
}
