/** Asking a server over the network: the same verbs, with --server and RUNHOOK_TOKEN. */

import { expect, test } from 'vitest'
import type { Role } from '../../src/record/tokens.ts'
import { serveStrangers } from '../show/strangers.ts'
import { aRun, aWorld, NOW } from '../show/world.ts'
import { aListener } from './listener.ts'
import { aShell } from './shell.ts'

async function elsewhere(role: Role | null, environment: Record<string, string> = {}) {
  const world = aWorld()
  const server = await serveStrangers(world)
  const token = role === null ? {} : { RUNHOOK_TOKEN: await server.token(role, { name: 'ci' }) }
  const shell = aShell({ columns: null, environment: { ...token, ...environment } })
  const run = (...words: string[]) => shell.run(...words, '--server', server.url)
  return { ...server, world, run, shell }
}

test('a viewer sees elsewhere what he would see on the machine', async () => {
  const { world, run } = await elsewhere('viewer')
  world.runs.push(aRun())
  await world.wrote(142, 'deployed\n')
  expect(await run('runs')).toMatchObject({
    code: 0,
    out: '  RUN   HOOK         STATUS   EVENT      COMMIT   STARTED  TOOK\n✓ #142  deploy-site  success  push main  aaaaaaa  2m ago   2.9s\n',
    talk: '',
  })
  expect((await run('logs', '142')).out).toBe('deployed\n')
  expect((await run('logs', '142', '--raw')).out).toBe('deployed\n')
  expect((await run('deliveries')).code).toBe(0)
})

test('a run is followed over the network until it has ended', async () => {
  const { world, run } = await elsewhere('operator')
  const begun = aRun({ id: 143, status: 'running', finishedAt: null, exitCode: null })
  const writer = world.output.open(143)
  world.control = {
    trigger: async () => {
      world.runs.push(begun)
      setTimeout(async () => {
        writer.write(Buffer.from('cleared\n'))
        await writer.close()
        world.moved({ ...begun, status: 'success', exitCode: 0, finishedAt: NOW })
      }, 200)
      return begun
    },
  }
  const { code, out } = await run('trigger', 'clear-cache', '-i', 'scope=pages', '--wait')
  expect([code, out]).toEqual([0, 'cleared\n'])
  expect(world.asked).toEqual(['trigger clear-cache {"scope":"pages"} by ci'])
})

test('what the role does not allow ends with 4, and says what would', async () => {
  const { world, run } = await elsewhere('viewer')
  world.runs.push(aRun({ status: 'running' }))
  for (const words of [
    ['cancel', '142'],
    ['rerun', '142'],
    ['trigger', 'x'],
  ]) {
    expect(await run(...words)).toMatchObject({
      code: 4,
      out: '',
      talk: 'error: The token "ci" has the role viewer; this needs operator.\n',
    })
  }
  expect((await run('token', 'list')).talk).toBe(
    'error: The token "ci" has the role viewer; this needs admin.\n',
  )
  expect(world.asked).toEqual([])
})

test('an admin makes and revokes tokens from elsewhere', async () => {
  const { run, tokens } = await elsewhere('admin')
  expect((await run('token', 'create', 'phone', '--role', 'viewer')).out).toMatch(/^rh_/)
  expect((await tokens.list())[0]).toMatchObject({ name: 'phone', createdBy: 'ci' })
  expect((await run('token', 'revoke', 'phone')).code).toBe(0)
})

test('a token that opens nothing ends with 4, and so does too many of them', async () => {
  const { run } = await elsewhere(null, { RUNHOOK_TOKEN: 'rh_wrong' })
  expect(await run('runs')).toMatchObject({
    code: 4,
    talk: 'error: The token is missing, wrong, or no longer valid. On the server, "runhook token create NAME --role viewer" makes one.\n',
  })
  for (let n = 1; n < 20; n += 1) await run('runs')
  const { code, talk } = await run('runs')
  expect(code).toBe(4)
  expect(talk).toMatch(/^error: Too many requests without a valid token\. Try again in \d+ s\.\n$/)
})

test('a token is taken from RUNHOOK_TOKEN and from nowhere else', async () => {
  const { run, url } = await elsewhere(null)
  expect(await run('runs')).toMatchObject({
    code: 4,
    talk: 'error: A server elsewhere wants a token, in RUNHOOK_TOKEN. There, "runhook token create NAME --role viewer" makes one.\n',
  })
  expect(await run('runs', '--token', 'rh_x')).toMatchObject({
    code: 2,
    talk: "error: unknown option '--token'\n(Did you mean --server URL, with RUNHOOK_TOKEN in the environment?)\nSee: runhook runs --help\n",
  })
  const withUser = url.replace('//', '//rh_x@')
  expect(await aShell().run('runs', '--server', withUser)).toMatchObject({ code: 2 })
  const bad = aShell({ environment: { RUNHOOK_TOKEN: 'rh_x\r\nX-Admin: 1' } })
  expect(await bad.run('runs', '--server', url)).toMatchObject({
    code: 2,
    talk: 'error: RUNHOOK_TOKEN holds something that cannot be a token.\n',
  })
})

test('a new line at the end of the token, as files have it, does no harm', async () => {
  const { world, url, token } = await elsewhere(null)
  world.runs.push(aRun())
  const value = await token('viewer')
  const shell = aShell({ environment: { RUNHOOK_TOKEN: `${value}\n` } })
  expect((await shell.run('runs', '--server', `${url}/`)).code).toBe(0)
})

test.each([
  ['deploy.example.com', 'no scheme'],
  ['ftp://deploy.example.com', 'not http'],
  ['https://deploy.example.com/?x=1', 'a query'],
  ['https://ada:x@deploy.example.com', 'a password'],
  ['', 'nothing'],
])('--server %s is refused: %s', async (server) => {
  const { code, talk } = await aShell().run('runs', '--server', server)
  expect([code, talk]).toEqual([
    2,
    `error: option '--server <url>' argument '${server}' is invalid. Write an address such as https://deploy.example.com.\nSee: runhook runs --help\n`,
  ])
})

test('a server elsewhere has its own data and its own file', async () => {
  const words = ['runs', '--server', 'https://deploy.example.com', '--data', '.runhook']
  expect(await aShell().run(...words)).toMatchObject({
    code: 2,
    talk: "error: option '--server <url>' cannot be used with option '--data <folder>'\nSee: runhook runs --help\n",
  })
})

test('without a server there the exit code is 5, and the sentence says which and why', async () => {
  const { url } = await aListener()
  const shell = aShell({ environment: { RUNHOOK_TOKEN: 'rh_x' } })
  const dead = 'http://127.0.0.1:9'
  expect(await shell.run('runs', '--server', dead)).toMatchObject({
    code: 5,
    talk: `error: No server answers at ${dead}: connect ECONNREFUSED 127.0.0.1:9.\n`,
  })
  expect(await shell.run('runs', '--server', url)).toMatchObject({
    code: 5,
    talk: `error: The server at ${url} answers, but not as runhook does.\n`,
  })
})

test.each([
  [{ status: 301, text: '', headers: { location: 'https://x/' } }, ' that it moved to https://x/.'],
  [{ status: 502, text: '<h1>Bad gateway</h1>' }, ' 502 and does not say why.'],
  [{ status: 401, text: '{"error":"login"}' }, ' 401 and does not say why.'],
  [{ status: 200, text: '<h1>Welcome</h1>' }, ', but not as runhook does.'],
])('what is not a runhook is told as such: %o', async (answer, says) => {
  const { url, received } = await aListener(answer)
  const shell = aShell({ environment: { RUNHOOK_TOKEN: 'rh_x' } })
  expect(await shell.run('runs', '--server', `${url}/hooks/`)).toMatchObject({
    code: 5,
    talk: `error: The server at ${url}/hooks answers${says}\n`,
  })
  expect(received).toMatchObject([
    {
      method: 'GET',
      path: '/hooks/api/v1/runs?limit=20',
      headers: { authorization: 'Bearer rh_x' },
    },
  ])
  expect(received[0]?.headers['runhook-by']).toBeUndefined()
})

test('a token that would travel readable is warned of, on the way to another machine', async () => {
  const shell = aShell({ environment: { RUNHOOK_TOKEN: 'rh_x' } })
  const { code, talk } = await shell.run('runs', '--server', 'http://runhook.invalid:9000')
  expect(code).toBe(5)
  expect(talk.split('\n')[0]).toBe(
    'warning: http://runhook.invalid:9000 is not encrypted; on the way the token can be read.',
  )
  expect(talk).not.toContain('rh_x')
})
