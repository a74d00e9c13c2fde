/** The API of a whole server, over the network: docs/api.md as printed, and what only a real one shows. */

import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { needs } from './needs.ts'
import { aRunhook, type Running, runhook } from './running.ts'
import { until } from './some.ts'

const withCurl = needs('curl')

const hooks = {
  hello: { on: 'manual', secret: `\${HELLO_SECRET}`, run: 'echo "hello from a run"' },
}

async function aServer() {
  const server = await aRunhook({ hooks, env: { HELLO_SECRET: 's'.repeat(32) } })
  const token = async (name: string, role: string, ...more: string[]) =>
    (await server.cli('token', 'create', name, '--role', role, ...more)).stdout.trim()
  const url = `http://127.0.0.1:${server.port}`
  return { ...server, token, url }
}

/** The blocks of shell in docs/api.md, by their first line. */
function examples(): string[] {
  const text = readFileSync('docs/api.md', 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

function sh(server: Running, script: string, env: Record<string, string>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const options = { cwd: server.directory, env: { PATH: process.env.PATH, ...env } }
    execFile('sh', ['-ec', script], options, (error, stdout, stderr) => {
      done({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

withCurl('the commands of docs/api.md do what it says, pasted as they stand there', async () => {
  const server = await aServer()
  const [create = '', variables = '', ...calls] = examples()
  expect(create).toBe('runhook token create ci --role operator --expires 90d\n')
  const made = await server.cli(...create.trim().split(' ').slice(1))
  const env = { RUNHOOK: server.url, RUNHOOK_TOKEN: made.stdout.trim() }
  expect(variables).toContain('export RUNHOOK=http://127.0.0.1:9000\n')
  expect(calls).toHaveLength(6)
  const said: string[] = []
  for (const call of calls) {
    const { code, stdout, stderr } = await sh(server, call, env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    said.push(stdout)
  }
  const [trigger = '', events = '', tail = '', list = '', again = '', local = ''] = said
  expect(JSON.parse(trigger).run).toMatchObject({ id: 1, hook: 'hello', sender: 'ci' })
  expect(JSON.parse(events.trim().split('\n').at(-1) ?? '').end).toMatchObject({
    status: 'success',
  })
  expect(tail).toBe('hello from a run\n')
  expect(JSON.parse(list).runs.map((run: { id: number }) => run.id)).toEqual([1])
  expect(JSON.parse(again).run).toMatchObject({ id: 2, attempt: 2 })
  expect(JSON.parse(local)).toMatchObject({ url: server.url, hooks: 1 })
})

test('deliveries, the health check and the API share an address and do not get in each other’s way', async () => {
  const server = await aServer()
  const admin = { authorization: `Bearer ${await server.token('ada', 'admin')}` }
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.url}${path}`, { headers })
    return [answer.status, (await answer.text()).slice(0, 20)]
  }
  expect(await ask('/healthz')).toEqual([200, 'ok\n'])
  expect(await ask('/healthz', admin)).toEqual([200, 'ok\n'])
  expect((await ask('/hooks/hello'))[0]).toBe(401)
  expect((await server.post('/hooks/hello', { body: '{}' })).status).toBe(401)
  expect((await server.post('/hooks/hello', { body: '{}', headers: admin })).status).toBe(401)
  expect((await ask('/api/v1/status'))[0]).toBe(401)
  expect((await ask('/api/v1/status', admin))[0]).toBe(200)
  expect((await ask('/api/v2/status', admin))[0]).toBe(404)
  expect((await ask('/api', admin))[0]).toBe(404)
  expect((await ask('/status', admin))[0]).toBe(404)
})

test('a token outlives a restart, and a revoked one stays revoked', async () => {
  const server = await aServer()
  const kept = await server.token('kept', 'viewer')
  const gone = await server.token('gone', 'viewer')
  await server.cli('token', 'revoke', 'gone')
  await server.stop()
  expect(server.output()).toMatch(/token kept \(viewer\) made by \w+/)
  expect(server.output()).toMatch(/token gone \(viewer\) revoked by \w+/)
  const again = await aRunhook({
    directory: server.directory,
    env: { HELLO_SECRET: 's'.repeat(32) },
  })
  const status = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://127.0.0.1:${again.port}/api/v1/status`, { headers })).status
  }
  expect([await status(kept), await status(gone)]).toEqual([200, 401])
})

test('the command line works from elsewhere as it does on the machine', async () => {
  const server = await aServer()
  const env = { RUNHOOK_TOKEN: await server.token('ci', 'operator') }
  const far = (...words: string[]) => runhook('/', [...words, '--server', server.url], env)
  const { code, stdout, stderr } = await far('trigger', 'hello', '--wait')
  expect([code, stdout]).toEqual([0, '$ echo "hello from a run"\nhello from a run\n'])
  expect(stderr).toMatch(/✓ success in/)
  await until(async () => (await far('runs', '--status', 'success')).stdout.includes('hello'))
  const { stdout: delivery } = await far('deliveries', '1', '--json')
  expect(JSON.parse(delivery)).toMatchObject({ proof: 'token ci', address: '127.0.0.1' })
  const { stdout: runs } = await far('runs', '--json')
  expect(JSON.parse(runs).runs[0]).toMatchObject({ id: 1, sender: 'ci', status: 'success' })
  expect((await far('token', 'list')).code).toBe(4)
  expect((await far('cancel', '99')).code).toBe(3)
  expect((await far('cancel', '1')).code).toBe(1)
})

test('no value of a token is ever written down: not in the log, not in the data directory', async () => {
  const server = await aServer()
  const token = await server.token('ada', 'admin')
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const post = { method: 'POST', headers, body: '{}' }
  await fetch(`${server.url}/api/v1/hooks/hello/trigger`, post)
  await fetch(`${server.url}/api/v1/status?token=${token}`, { headers: { cookie: `t=${token}` } })
  await fetch(`${server.url}/api/v1/${token}`)
  await server.stop()
  expect(server.output()).not.toContain(token.slice(3))
  const data = join(server.directory, '.runhook')
  const found = await runGrep(token.slice(3), data)
  expect(found).toBe('')
  expect(statSync(join(data, 'runhook.db')).mode & 0o777).toBe(0o600)
})

function runGrep(text: string, folder: string): Promise<string> {
  return new Promise((done) => {
    execFile('grep', ['-rla', text, folder], (_, stdout) => done(stdout))
  })
}
