import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NOW, serveWorld } from '../show/world.ts'
import { INTRANET_SECRET, putHooks, SITE_SECRET, TOKEN } from './hooks-file.ts'
import { type Answering, aListener } from './listener.ts'
import { aShell, type ShellOptions } from './shell.ts'

async function aSender(answer?: Answering, options: ShellOptions = {}) {
  const shell = aShell(options)
  putHooks(shell)
  const listener = await aListener(answer)
  return { shell, ...listener }
}

const milliseconds = (text: string) => text.replace(/\d+ms/, 'Nms')

test('a push is sent as the host sends it, and the answer is shown', async () => {
  const text = `accepted: delivery 57
  site         → run #142
  app-release  ✗ repo  acme/site is not acme/app
`
  const { shell, url, received } = await aSender({ status: 202, text })
  const { code, talk, out } = await shell.run('send', 'site', '--to', url)
  expect({ code, talk, out: milliseconds(out) }).toEqual({
    code: 0,
    talk: `--> POST ${url}/hooks/site   push acme/site main (signed as GitHub)\n`,
    out: `<-- [202] accepted in Nms   delivery 57
    site         → run #142
    app-release  ✗ repo  acme/site is not acme/app
`,
  })
  const [{ method, path, headers, body } = expect.fail('nothing came')] = received
  const mac = createHmac('sha256', SITE_SECRET).update(body).digest('hex')
  expect({ method, path }).toEqual({ method: 'POST', path: '/hooks/site' })
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-hub-signature-256': `sha256=${mac}`,
    'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
  })
  const payload = JSON.parse(body.toString())
  expect(payload).toMatchObject({ ref: 'refs/heads/main', sender: { login: 'ada' } })
  expect(payload.commits[0].modified).toEqual(['src/1'])
})

test('that a delivery was ignored is a good answer, with the reason', async () => {
  const text = 'ignored: delivery 58\n  site  ✗ branches  feature/x is not in [main]\n'
  const { shell, url } = await aSender({ status: 200, text })
  const { code, screen } = await shell.run('send', 'site', '--branch', 'feature/x', '--to', url)
  expect({ code, screen: milliseconds(screen) }).toEqual({
    code: 0,
    screen: `--> POST ${url}/hooks/site   push acme/site feature/x (signed as GitHub)
<-- [200] ignored in Nms   delivery 58
    site  ✗ branches  feature/x is not in [main]
`,
  })
})

test.each([
  [401, 'The signature or token is missing or wrong.\n'],
  [503, 'The delivery could not be stored; nothing was kept. Send it again.\n'],
])('an answer of %i ends with 1', async (status, text) => {
  const { shell, url } = await aSender({ status, text })
  const { code, out } = await shell.run('send', 'site', '--to', url)
  expect({ code, out: milliseconds(out) }).toEqual({
    code: 1,
    out: `<-- [${status}] refused in Nms\n    ${text}`,
  })
})

test('what a hook answers with its output is shown with how that run ended', async () => {
  const headers = { 'x-runhook-run': '5', 'x-runhook-status': 'success' }
  const text = 'Use%\n 71% \x1b[31m/\x1b[0m\x1b[2J\n'
  const { shell, url, received } = await aSender({ status: 200, text, headers })
  const { out, talk } = await shell.run('send', 'df', '--to', url)
  expect(milliseconds(out)).toBe(
    '<-- [200] success in Nms   run #5\n    Use%\n     71% \x1b[31m/\x1b[0m\x1b[0m\n',
  )
  expect(talk).toBe(`--> GET ${url}/df   a call (with the token)\n`)
  expect(received).toMatchObject([
    { method: 'GET', path: '/df', headers: { authorization: `Bearer ${TOKEN}` } },
  ])
})

test.each([
  [['site', '--tag', 'v1'], 'tag acme/site v1', { ref: 'refs/tags/v1' }],
  [['releases'], 'tag acme/site v0.0.0', { ref: 'refs/tags/v0.0.0' }],
  [['releases', '--branch', 'x'], 'push acme/site x', { ref: 'refs/heads/x' }],
  [['releases', '--repo', 'acme/api'], 'tag acme/api v0.0.0', { repository: { name: 'api' } }],
  [['site', '--event', 'ping'], 'ping acme/site', { hook: { name: 'web' } }],
  [['site', '--event', 'release'], 'release acme/site v1.0.0', { action: 'published' }],
  [
    ['site', '--event', 'pull_request', '--action', 'closed'],
    'pull_request acme/site main',
    { action: 'closed' },
  ],
  [
    ['site', '--sender', 'grace', '--sha', 'e'.repeat(40)],
    'push acme/site main',
    { after: 'e'.repeat(40) },
  ],
  [
    ['site', '--path', 'a.py', '--path', 'b.py'],
    'push acme/site main',
    { head_commit: { modified: ['a.py', 'b.py'] } },
  ],
])('send %o sends "%s"', async (words, what, payload) => {
  const { shell, url, received } = await aSender()
  const { talk } = await shell.run('send', ...words, '--to', url)
  expect(talk).toBe(`--> POST ${url}/hooks/${words[0]}   ${what} (signed as GitHub)\n`)
  expect(JSON.parse(`${received[0]?.body}`)).toMatchObject(payload)
})

test('Bitbucket is sent what Bitbucket sends', async () => {
  const { shell, url, received } = await aSender()
  const { talk } = await shell.run('send', 'intranet', '--to', url)
  expect(talk).toBe(
    `--> POST ${url}/hooks/intranet   push acme/intranet release/1 (signed as Bitbucket)\n`,
  )
  const [{ headers, body } = expect.fail('nothing came')] = received
  const mac = createHmac('sha256', INTRANET_SECRET).update(body).digest('hex')
  expect(headers).toMatchObject({
    'x-event-key': 'repo:push',
    'x-hub-signature': `sha256=${mac}`,
  })
})

test('a hook that people start is called as a person would, with the inputs', async () => {
  const { shell, url, received } = await aSender()
  const { talk } = await shell.run('send', 'clear-cache', '-i', 'scope=a=b', '--to', url)
  expect(talk).toBe(`--> POST ${url}/hooks/clear-cache   a call (signed by Standard Webhooks)\n`)
  const [{ headers, body } = expect.fail('nothing came')] = received
  expect(body.toString()).toBe('{"inputs":{"scope":"a=b"}}')
  const signed = `${headers['webhook-id']}.${NOW / 1000}.${body}`
  const mac = createHmac('sha256', Buffer.alloc(32, 9)).update(signed).digest('base64')
  expect(headers['webhook-signature']).toBe(`v1,${mac}`)
})

test('a hook that is asked with GET gets its inputs in the query', async () => {
  const { shell, url, received } = await aSender()
  const inputs = { dir: { required: true } }
  const size = { url: '/size', on: { get: { inputs } }, auth: 'none', 'allow-from': '127.0.0.1' }
  putHooks(shell, { size: { ...size, run: 'true' } })
  const { talk } = await shell.run('send', 'size', '-i', 'dir=/etc & so', '--to', url)
  expect(talk).toBe(`--> GET ${url}/size?dir=%2Fetc+%26+so   a call (open to everybody)\n`)
  expect(received.map((one) => one.path)).toEqual(['/size?dir=%2Fetc+%26+so'])
  expect(await shell.run('send', 'df', '-i', 'dir=/etc', '--to', url)).toMatchObject({
    code: 2,
    talk: 'error: "df" takes no inputs from a call.\n',
  })
})

test('an open hook is called without any proof', async () => {
  const { shell, url, received } = await aSender()
  const { talk } = await shell.run('send', 'open', '--to', url)
  expect(talk).toBe(`--> POST ${url}/open   a call (open to everybody)\n`)
  expect(received[0]?.headers).not.toHaveProperty('authorization')
})

test('a body of your own is sent byte for byte, from a file or standard input', async () => {
  const body = Buffer.from([0x7b, 0x22, 0xff, 0x0d, 0x0a, 0x7d])
  const { shell, url, received } = await aSender(undefined, { input: body })
  writeFileSync(join(shell.folder, 'push.json'), body)
  const { talk } = await shell.run('send', 'site', '--payload', 'push.json', '--to', url)
  expect(talk).toBe(`--> POST ${url}/hooks/site   push 6 bytes as given (signed as GitHub)\n`)
  await shell.run('send', 'clear-cache', '--payload', '-', '--to', url)
  expect(received.map((one) => one.body)).toEqual([body, body])
  const mac = createHmac('sha256', SITE_SECRET).update(body).digest('hex')
  expect(received[0]?.headers['x-hub-signature-256']).toBe(`sha256=${mac}`)
  expect(await shell.run('send', 'site', '--payload', 'gone.json')).toMatchObject({
    code: 3,
    talk: 'error: There is no file gone.json.\n',
  })
  expect(await shell.run('send', 'site', '--payload', '.')).toMatchObject({
    code: 2,
    talk: expect.stringMatching(/^error: \. cannot be read: EISDIR/),
  })
})

test('an answer that is none of runhook is told as such', async () => {
  const text = '<h1>It works!</h1>\n'
  const { shell, url } = await aSender({ status: 200, text })
  const told = `  Something else than runhook answers at ${url}: name the right address with --to URL.\n`
  expect((await shell.run('send', 'site', '--to', url)).talk.endsWith(told)).toBe(true)
  expect((await shell.run('send', 'site', '--to', `${url}/hooks/site`)).talk).toContain(told)
  // What knows its own health as runhook does is runhook, whatever else it says.
  const ours = await aSender({ status: 200, text: 'ok\n' })
  expect((await ours.shell.run('send', 'site', '--to', ours.url)).talk).not.toContain(
    'Something else',
  )
})

test('--to may be a server behind a path, or the whole address', async () => {
  const { shell, url, received } = await aSender()
  for (const to of ['/', '/runhook', '/runhook/', '/hooks/site', '/runhook/hooks/site']) {
    await shell.run('send', 'site', '--to', url + to)
  }
  expect(received.map((one) => one.path)).toEqual([
    '/hooks/site',
    '/runhook/hooks/site',
    '/runhook/hooks/site',
    '/hooks/site',
    '/runhook/hooks/site',
  ])
  expect(await shell.run('send', 'site', '--to', 'example.com')).toMatchObject({
    code: 2,
    talk: 'error: "example.com" is not an address. Write one such as https://deploy.example.com.\n',
  })
})

test('without --to it goes to the server that runs here, else to where the file says', async () => {
  const { shell, url, received } = await aSender()
  const { code, talk } = await shell.run('send', 'site')
  expect(code).toBe(5)
  expect(talk).toMatch(
    /^--> POST http:\/\/127\.0\.0\.1:9123\/hooks\/site .*\nerror: Nothing answers at http:\/\/127\.0\.0\.1:9123\/hooks\/site: connect ECONNREFUSED 127\.0\.0\.1:9123\. Start the server with "runhook serve", or name another with --to URL\.\n$/,
  )
  const status = { version: '0', startedAt: 0, hooks: 1, running: 0, waiting: 0, maxWaiting: 9 }
  shell.world.control = { status: () => ({ ...status, url, configProblem: null }) }
  await serveWorld(shell.world)
  expect((await shell.run('send', 'site')).code).toBe(0)
  expect(received).toHaveLength(1)
})

test('an option that does not fit the hook is refused before anything is sent', async () => {
  const { shell, url, received } = await aSender()
  const talk = async (...words: string[]) => {
    const said = await shell.run('send', ...words, '--to', url)
    expect(said.code).toBe(2)
    return said.talk
  }
  expect(await talk('clear-cache', '--branch', 'main')).toBe(
    'error: --branch describes what a Git host sends, and "clear-cache" has none. Give inputs with -i NAME=VALUE.\n',
  )
  expect(await talk('site', '-i', 'scope=all')).toBe('error: "site" takes no inputs from a call.\n')
  expect(await talk('df', '--payload', '.env')).toBe(
    'error: "df" is called with GET, which carries no body.\n',
  )
  expect(received).toEqual([])
})

test('a hook that is not in the file ends with 3, and the nearest is named', async () => {
  const { shell } = await aSender()
  expect(await shell.run('send', 'sit')).toMatchObject({
    code: 3,
    talk: 'error: There is no hook "sit" in hooks.json. Did you mean "site"?\n',
  })
  expect((await shell.run('send', 'zzz')).talk).toBe(
    'error: There is no hook "zzz" in hooks.json. It has site, releases, intranet, clear-cache, df, open.\n',
  )
})

test('from a file with mistakes nothing is sent', async () => {
  const { shell, url, received } = await aSender()
  shell.put('hooks.json', '{ "hooks": { "site": { "rnu": "true" } } }')
  const { code, talk } = await shell.run('send', 'site', '--to', url)
  expect(code).toBe(1)
  expect(talk).toContain('hooks.json:1:')
  expect(talk.split('\n').at(-2)).toBe('error: hooks.json has mistakes.')
  expect(received).toEqual([])
})

test('--json gives the answer to programs', async () => {
  const { shell, url } = await aSender()
  expect(JSON.parse((await shell.run('send', 'site', '--to', url, '--json')).out)).toEqual({
    url: `${url}/hooks/site`,
    status: 202,
    milliseconds: expect.any(Number),
    answer: 'accepted: delivery 1\n',
  })
})
