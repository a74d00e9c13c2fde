/** A server whose socket another process holds: restarted, listened to, and not passed on. */

import { request } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { aHeldRunhook } from './held.ts'
import { needs } from './needs.ts'
import { restartUnderLoad } from './restart.ts'
import { aRunhook } from './running.ts'
import { aDirectory } from './some.ts'

const page = (command: string[]) => ({ url: '/page', on: 'get', auth: 'none', command })
const held = needs('python3')

held(
  'restarted five times under load: none is refused, none reset, each runs once',
  () => {
    return restartUnderLoad(5)
  },
  120_000,
)

held('it says whose socket it is, and listens where that does', async () => {
  const directory = aDirectory()
  const file = { hooks: { page: page(['echo', 'here']) }, server: { port: 1 } }
  const server = await aHeldRunhook(directory, file)
  await server.start()
  expect(server.output()).toContain(
    `Ready on http://127.0.0.1:${server.port} (socket from systemd) with 1 hook`,
  )
  const answer = await fetch(`http://127.0.0.1:${server.port}/page`)
  expect(await answer.text()).toBe('here\n')
  expect(await server.stop()).toBe(0)
})

held('it may be a Unix socket', async () => {
  const directory = aDirectory()
  const path = join(directory, 'web.sock')
  const server = await aHeldRunhook(directory, { hooks: { page: page(['echo', 'here']) } }, path)
  await server.start()
  const text = await new Promise((resolve) => {
    request({ socketPath: path, path: '/page' }, (answer) => {
      answer.setEncoding('utf8').once('data', resolve)
    }).end()
  })
  expect(text).toBe('here\n')
  expect(await server.stop()).toBe(0)
})

held('commands get neither the socket nor the words about it', async () => {
  const directory = aDirectory()
  const command = ['sh', '-c', 'ls -l /proc/self/fd; env; cat /proc/$PPID/environ | tr "\\0" "\\n"']
  const server = await aHeldRunhook(directory, { hooks: { page: page(command) } })
  await server.start()
  const text = await (await fetch(`http://127.0.0.1:${server.port}/page`)).text()
  expect(text).toContain('0 -> /dev/null')
  expect(text).not.toContain('socket:')
  expect(text).not.toContain('LISTEN_')
  expect(await server.stop()).toBe(0)
})

held('sockets that were meant for another process are left alone', async () => {
  const env = { LISTEN_FDS: '1', LISTEN_PID: '1' }
  const server = await aRunhook({ hooks: { page: page(['echo', 'own']) }, env })
  expect(server.output()).not.toContain('socket from systemd')
  expect((await server.post('/page', { method: 'GET' })).text).toBe('own\n')
})

held('what connects while nobody listens is answered by the next process', async () => {
  const directory = aDirectory()
  const server = await aHeldRunhook(directory, { hooks: { page: page(['echo', 'here']) } })
  await server.start()
  await server.stop()
  const answer = fetch(`http://127.0.0.1:${server.port}/page`)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await server.start()
  expect(await (await answer).text()).toBe('here\n')
  expect(await server.stop()).toBe(0)
})
