/** Who asks and does not read what he is answered: his connection is none that others could have. */

import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { serverFor } from '../../src/listen.ts'
import { until } from '../some.ts'

/** Answers /large at once, /late after a while, and /live with a little now and then. */
async function serve() {
  const server = serverFor(async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/large') return new Response('x'.repeat(64 * 1024 * 1024))
    if (pathname === '/late') await sleep(1500)
    if (pathname !== '/live') return new Response('late')
    return new Response(
      new ReadableStream({
        async pull(controller) {
          await sleep(100)
          controller.enqueue(Buffer.from('beat'))
        },
      }),
    )
  }, 400)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return server
}

async function asked(path: string, reads: boolean) {
  const server = await serve()
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const state = { text: '', isOver: false }
  socket.on('close', () => {
    state.isOver = true
  })
  socket.on('error', () => undefined)
  if (reads) socket.on('data', (bytes) => (state.text += bytes))
  else socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const open = () =>
    new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  await until(async () => (await open()) === 1, 'the connection')
  return { state, open }
}

test('an answer that is not read is given up after a while', async () => {
  const { open } = await asked('/large', false)
  await until(async () => (await open()) === 0, 'the end of the connection', 5000)
})

test('an answer that takes long to begin, or goes on for ever, is not', async () => {
  const [late, live] = [await asked('/late', true), await asked('/live', true)]
  await until(() => late.state.text.includes('late'), 'the late answer', 5000)
  expect(live.state.isOver).toBe(false)
  expect(await live.open()).toBe(1)
})

test('who has read all of his answer and asks nothing more is let go as ever', async () => {
  const server = await serve()
  server.keepAliveTimeout = 200
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let isOver = false
  socket.on('close', () => {
    isOver = true
  })
  socket.resume()
  socket.write('GET /now HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => isOver, 'the end of the connection', 5000)
})

test('one that is read slowly comes whole', async () => {
  const server = await serve()
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let size = 0
  socket.on('data', (bytes) => {
    size += bytes.length
    if (size % 5 > 0) return
    socket.pause()
    setTimeout(() => socket.resume(), 5)
  })
  socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(() => size >= 64 * 1024 * 1024, 'all of it', 15_000)
})
