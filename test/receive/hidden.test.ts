/** What strangers are told below /hooks/, where a name is guessed easily: the same of all, at the same time. */

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { aHook } from '../some.ts'
import { aReceiver, asGitHub } from './receiver.ts'

const HEX = '0'.repeat(64)
const token = { name: 'TOKEN', value: 'a-token-long-enough' }
const bare = { repositories: [], host: 'webhook', methods: ['GET', 'POST'] } as const
const signature = {
  header: 'x-acme-signature',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: '',
  template: '{body}',
  timestamp: null,
  toleranceMs: 300_000,
} as const
const access = { users: [], login: false, from: null }
const hooks = [
  aHook({ name: 'github' }),
  aHook({ name: 'gitlab', host: 'gitlab' }),
  aHook({ name: 'azure', host: 'azure' }),
  aHook({ name: 'signed', ...bare }),
  aHook({ name: 'acme', ...bare, signature }),
  aHook({ name: 'token', ...bare, secrets: [], tokens: [token] }),
  aHook({
    name: 'users',
    ...bare,
    secrets: [],
    access: { ...access, users: [{ name: 'ada', passwords: [token] }] },
  }),
  aHook({ name: 'near', access: { ...access, from: ['192.0.2.0/24'] } }),
]
const names = hooks.map(({ name }) => name)

const offered: Record<string, Record<string, string>> = {
  nothing: {},
  "GitHub's form": { 'X-Hub-Signature-256': `sha256=${HEX}` },
  "GitLab's form": { 'X-Gitlab-Token': 'guess' },
  'a form of somebody': { 'X-Acme-Signature': HEX },
  'a password': { Authorization: `Basic ${Buffer.from('ada:guess').toString('base64')}` },
  'a token': { Authorization: 'Bearer guess' },
}

/** What comes back within a moment of headers and the beginning of a body; '' is nothing. */
async function answerTo(
  port: number,
  name: string,
  headers: Record<string, string>,
  length: number,
) {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  let text = ''
  socket.on('data', (data) => {
    text += String(data)
  })
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`)
  socket.write(
    `POST /hooks/${name} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${lines.join('')}\r\n{`,
  )
  await sleep(150)
  socket.destroy()
  return text.replace(/Date: .*\r\n/i, '')
}

test.each(Object.entries(offered))(
  'with %s, a declared size and a withheld body tell no hook from none',
  async (_, headers) => {
    const { port } = await aReceiver(hooks)
    for (const length of [10, 30_000_000]) {
      const [none, ...others] = await Promise.all(
        ['none', ...names].map((name) => answerTo(port, name, headers, length)),
      )
      const wanted = Object.fromEntries(names.map((name) => [name, none]))
      expect(Object.fromEntries(names.map((name, i) => [name, others[i]]))).toEqual(wanted)
    }
  },
)

test('what is checked against a body waits for it, and is refused for its size first', async () => {
  const { port } = await aReceiver(hooks)
  const headers = { 'X-Hub-Signature-256': `sha256=${HEX}` }
  expect(await answerTo(port, 'gitlab', headers, 10)).toBe('')
  expect(await answerTo(port, 'gitlab', headers, 30_000_000)).toMatch(/^HTTP\/1\.1 413 /)
  expect(await answerTo(port, 'token', {}, 30_000_000)).toMatch(/^HTTP\/1\.1 401 /)
})

test('after many guesses the wait is that of the address, the same at a hook with users', async () => {
  const { post } = await aReceiver(hooks)
  const guess = (path: string, name: string) => {
    const authorization = `Basic ${Buffer.from(`${name}:guess`).toString('base64')}`
    return post(path, { headers: { authorization } })
  }
  for (let i = 0; i < 10; i++) await post('/hooks/none')
  await sleep(1100)
  for (let i = 0; i < 20; i++) await guess('/hooks/users', 'ada')
  const known = await guess('/hooks/users', 'ada')
  const none = await guess('/hooks/none', 'ada')
  expect(known.status).toBe(429)
  expect([none.status, none.headers['retry-after']]).toEqual([429, known.headers['retry-after']])
})

test('a body that nobody will look at takes its part of the room for bodies', async () => {
  const { port } = await aReceiver(hooks)
  const head = `HTTP/1.1\r\nHost: x\r\nContent-Length: 26214400\r\nX-Hub-Signature-256: sha256=${HEX}\r\n\r\n`
  const sockets = Array.from({ length: 7 }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    let status = ''
    socket.on('data', (data) => {
      status ||= String(data).slice(9, 12)
    })
    socket.write(`POST /hooks/none ${head}`)
    socket.write(Buffer.alloc(26214399))
    return { socket, status: () => status }
  })
  const answered = () => sockets.map(({ status }) => status()).filter(Boolean)
  await expect.poll(answered, { timeout: 10_000 }).toContain('503')
  for (const { socket } of sockets) socket.destroy()
})

test('good deliveries of all kinds pass', async () => {
  const { post } = await aReceiver(hooks)
  for (const name of ['github', 'signed'])
    expect((await post(`/hooks/${name}`, { body: '{}', headers: asGitHub('{}') })).status).not.toBe(
      401,
    )
  const authorization = `Bearer ${token.value}`
  expect((await post('/hooks/token', { body: '{}', headers: { authorization } })).status).not.toBe(
    401,
  )
})
