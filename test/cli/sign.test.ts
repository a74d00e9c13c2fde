import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { needs } from '../needs.ts'
import { NOW } from '../show/world.ts'
import { INTRANET_SECRET, OPS_SECRET, putHooks, SITE_SECRET, TOKEN } from './hooks-file.ts'
import { aListener, type Received } from './listener.ts'
import { aShell, type Shell, type ShellOptions } from './shell.ts'

const withOpenssl = needs('openssl')
const withCurl = needs('curl')
const pasted = (title: string, run: () => Promise<void>) => {
  // Both are needed; the one that is missing gives the reason.
  const skipped = withOpenssl === test ? withCurl : withOpenssl
  skipped(title, run)
}

function aSigner(options: ShellOptions = {}): Shell {
  const shell = aShell(options)
  putHooks(shell)
  return shell
}

interface Pasted {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a person does with printed commands, in the folder where he got them. */
function paste(shell: Shell, commands: string, env: Record<string, string> = {}): Promise<Pasted> {
  return new Promise((resolve) => {
    const { PATH } = process.env
    const options = { cwd: shell.folder, env: { PATH, ...env } }
    execFile('sh', ['-c', commands], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

/** Plain: HMAC-SHA256 of the body, in hex, by the bytes of the secret. */
function provesPlain({ headers, body }: Received, secret: string, header: string): boolean {
  const mac = createHmac('sha256', secret).update(body).digest('hex')
  return headers[header] === `sha256=${mac}`
}

/** Standard Webhooks: of id, time and body, in base64; the key is what follows `whsec_`. */
function provesTimestamped({ headers, body }: Received, key: Buffer): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': time } = headers
  const mac = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64')
  const now = Math.abs(Date.now() / 1000 - Number(time)) < 60
  return now && headers['webhook-signature'] === `v1,${mac}`
}

test('the headers for a body of yours are printed, one a line', async () => {
  const shell = aSigner()
  writeFileSync(join(shell.folder, 'push.json'), '{"ref":"refs/heads/main"}\n')
  const { code, out, talk } = await shell.run('sign', 'site', 'push.json')
  const mac = createHmac('sha256', SITE_SECRET).update('{"ref":"refs/heads/main"}\n').digest('hex')
  expect({ code, talk }).toEqual({ code: 0, talk: '' })
  expect(out.split('\n')).toContain(`X-Hub-Signature-256: sha256=${mac}`)
  expect(out.split('\n')).toContain('X-GitHub-Event: push')
  expect(out).not.toContain('refs/heads/main')
})

test('without a body of yours the one they prove is printed beneath them', async () => {
  const { out } = await aSigner().run('sign', 'clear-cache')
  const [id] = /msg_[0-9a-f]{24}/.exec(out) ?? []
  const mac = createHmac('sha256', Buffer.alloc(32, 9)).update(
    `${id}.${NOW / 1000}.{"inputs":{"scope":"pages"}}`,
  )
  expect(out).toBe(`Content-Type: application/json
webhook-id: ${id}
webhook-timestamp: ${NOW / 1000}
webhook-signature: v1,${mac.digest('base64')}

{"inputs":{"scope":"pages"}}
`)
  const push = (await aSigner().run('sign', 'site')).out
  expect(push.split('\n').at(-2)).toMatch(/^\{"ref":"refs\/heads\/main",/)
})

test('a body may come from standard input', async () => {
  const { out } = await aSigner({ input: 'hello' }).run('sign', 'intranet', '-')
  const mac = createHmac('sha256', INTRANET_SECRET).update('hello').digest('hex')
  expect(out.split('\n')).toContain(`X-Hub-Signature: sha256=${mac}`)
})

test('--json gives method, headers and body to programs', async () => {
  const found = JSON.parse((await aSigner().run('sign', 'df', '--json')).out)
  expect(found).toEqual({ method: 'GET', headers: { Authorization: `Bearer ${TOKEN}` }, body: '' })
})

const called = {
  size: {
    url: '/size',
    on: { get: { inputs: { dir: { required: true }, unit: { default: 'k&b' } } } },
    token: `\${DF_TOKEN}`,
    command: ['du', '{{ inputs.dir }}'],
  },
  note: {
    on: { manual: { inputs: { url: { required: true } } } },
    secret: `\${OPS_SECRET}`,
    run: 'true',
  },
}

pasted('inputs that were said, asked for or have a default are in the commands', async () => {
  const shell = aSigner()
  putHooks(shell, called)
  const { url, received } = await aListener()
  const sign = async (...words: string[]) =>
    paste(shell, (await shell.run('sign', ...words, '--curl', '--to', url)).out)
  await sign('size', '-i', 'dir=/etc')
  await sign('size')
  await sign('note')
  await sign('note', '-i', "url=it's")
  expect(received.map((one) => `${one.path} ${one.body}`)).toEqual([
    '/size?dir=%2Fetc&unit=k%26b ',
    '/size?dir=&unit=k%26b ',
    ...Array.from({ length: 2 }, () => '/hooks/note {"inputs":{"url":""}}'),
    ...Array.from({ length: 2 }, () => `/hooks/note {"inputs":{"url":"it's"}}`),
  ])
  expect((await shell.run('sign', 'note', '.env', '-i', 'url=x')).talk).toBe(
    'error: A body of your own already says all inputs: leave out -i.\n',
  )
})

/** A shell's expansions, which must not be ours. */
const bare = `\${SECRET#whsec_}`
const needed = `: "\${SECRET:?is not set. Set it to the value of OPS_SECRET; nothing was sent}"`

test('a hook that is called by people has a short command and one that cannot be replayed', async () => {
  const shell = aSigner()
  expect((await shell.run('sign', 'clear-cache', '--curl')).out).toBe(
    String.raw`# Short; whoever sees it can send it again.
SECRET=$(sed -n 's/^OPS_SECRET=//p' .env) &&
${needed} &&
BODY='{"inputs":{"scope":"pages"}}' &&
curl -sS --data-raw "$BODY" http://127.0.0.1:9123/hooks/clear-cache \
  -H 'Content-Type: application/json' \
  -H "X-Hub-Signature-256: sha256=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)"

# With id and time signed (Standard Webhooks): good for five minutes.
SECRET=$(sed -n 's/^OPS_SECRET=//p' .env) &&
${needed} &&
KEY=$(case "$SECRET" in (whsec_*) printf %s "${bare}" | openssl base64 -d -A;; (*) printf %s "$SECRET";; esac | od -An -vtx1 | tr -d ' \n') &&
ID=msg_$(openssl rand -hex 12) TIME=$(date +%s) &&
BODY='{"inputs":{"scope":"pages"}}' &&
curl -sS --data-raw "$BODY" http://127.0.0.1:9123/hooks/clear-cache \
  -H 'Content-Type: application/json' \
  -H "webhook-id: $ID" \
  -H "webhook-timestamp: $TIME" \
  -H "webhook-signature: v1,$({ printf '%s.%s.' "$ID" "$TIME"; printf %s "$BODY"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)"
`,
  )
})

test.each(['site', 'releases', 'intranet', 'clear-cache', 'df', 'open'])(
  'the commands for %s never show the secret',
  async (hook) => {
    const { code, out } = await aSigner().run('sign', hook, '--curl')
    expect(code).toBe(0)
    for (const secret of [SITE_SECRET, INTRANET_SECRET, OPS_SECRET, TOKEN]) {
      expect(out).not.toContain(secret)
    }
  },
)

pasted('both commands for a hook that people call work when pasted', async () => {
  const shell = aSigner()
  const { url, received } = await aListener()
  const { out } = await shell.run('sign', 'clear-cache', '--curl', '--to', url)
  expect(await paste(shell, out)).toEqual({
    code: 0,
    stdout: 'accepted: delivery 1\naccepted: delivery 1\n',
    stderr: '',
  })
  const [short, timestamped] = received
  expect(short && provesPlain(short, OPS_SECRET, 'x-hub-signature-256')).toBe(true)
  expect(timestamped && provesTimestamped(timestamped, Buffer.alloc(32, 9))).toBe(true)
  expect(received.map((one) => [one.method, one.path, one.body.toString()])).toEqual([
    ['POST', '/hooks/clear-cache', '{"inputs":{"scope":"pages"}}'],
    ['POST', '/hooks/clear-cache', '{"inputs":{"scope":"pages"}}'],
  ])
})

pasted('a secret without whsec_ signs by its own bytes', async () => {
  const shell = aSigner()
  const secret = `it's $HOME "quoted" \`x\` \\ 100% é`
  shell.put('hooks.json', { hooks: { hello: { on: 'manual', secret: `\${HELLO}`, run: 'true' } } })
  shell.put('.env', `HELLO=${secret}\n`)
  const { url, received } = await aListener()
  await paste(shell, (await shell.run('sign', 'hello', '--curl', '--to', url)).out)
  const [short, timestamped] = received
  expect(short && provesPlain(short, secret, 'x-hub-signature-256')).toBe(true)
  expect(timestamped && provesTimestamped(timestamped, Buffer.from(secret))).toBe(true)
})

pasted(
  'a sample push works when pasted, and is a new delivery each time it is pasted',
  async () => {
    const shell = aSigner()
    const { url, received } = await aListener()
    const { out } = await shell.run('sign', 'site', '--curl', '--to', url)
    expect((await paste(shell, out)).code).toBe(0)
    expect((await paste(shell, out)).code).toBe(0)
    expect(received).toHaveLength(2)
    for (const one of received) {
      expect(provesPlain(one, SITE_SECRET, 'x-hub-signature-256')).toBe(true)
      expect(one.headers).toMatchObject({
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      })
    }
    const [first, second] = received.map((one) => JSON.parse(one.body.toString()))
    expect(first).toMatchObject({
      ref: 'refs/heads/main',
      after: expect.stringMatching(/^[0-9a-f]{40}$/),
      commits: [{ id: first.after, modified: ['src/1'] }],
      repository: { full_name: 'acme/site' },
    })
    expect(first.after).not.toBe(second.after)
    expect(received[0]?.headers['x-github-delivery']).not.toBe(
      received[1]?.headers['x-github-delivery'],
    )
  },
)

pasted("Bitbucket's form works when pasted, with a secret that is quoted in .env", async () => {
  const shell = aSigner()
  const { url, received } = await aListener()
  const { out } = await shell.run('sign', 'intranet', '--curl', '--to', url)
  expect(out.split('\n')[0]).toBe(
    'SECRET=$(env -u INTRANET_SECRET node --env-file=.env -p process.env.INTRANET_SECRET) &&',
  )
  await paste(shell, out)
  const [one = expect.fail('nothing came')] = received
  expect(provesPlain(one, INTRANET_SECRET, 'x-hub-signature')).toBe(true)
  expect(one.headers).toMatchObject({ 'x-event-key': 'repo:push' })
})

pasted('a file is sent as it is, whatever its name and its bytes are', async () => {
  const shell = aSigner()
  const bytes = Buffer.from([0x7b, 0x00, 0xff, 0x0d, 0x0a, 0x7d, 0x0a])
  writeFileSync(join(shell.folder, "@ada's file.bin"), bytes)
  const { url, received } = await aListener()
  const { out } = await shell.run('sign', 'clear-cache', "@ada's file.bin", '--curl', '--to', url)
  expect(await paste(shell, out)).toMatchObject({ code: 0, stderr: '' })
  const [short, timestamped] = received
  expect(received.map((one) => one.body)).toEqual([bytes, bytes])
  expect(short && provesPlain(short, OPS_SECRET, 'x-hub-signature-256')).toBe(true)
  expect(timestamped && provesTimestamped(timestamped, Buffer.alloc(32, 9))).toBe(true)
})

pasted('a text from standard input is quoted so that no shell changes it', async () => {
  const text = `@it's "$(id)" \`id\` \\n %s\nnext`
  const shell = aSigner({ input: text })
  const { url, received } = await aListener()
  await paste(shell, (await shell.run('sign', 'clear-cache', '-', '--curl', '--to', url)).out)
  expect(received.map((one) => one.body.toString())).toEqual([text, text])
})

pasted('a token is read from .env, and an open hook needs nothing', async () => {
  const shell = aSigner()
  const { url, received } = await aListener()
  for (const hook of ['df', 'open']) {
    await paste(shell, (await shell.run('sign', hook, '--curl', '--to', url)).out)
  }
  expect(received).toMatchObject([
    { method: 'GET', path: '/df', headers: { authorization: `Bearer ${TOKEN}` } },
    { method: 'POST', path: '/open', body: Buffer.from('{}') },
  ])
})

pasted(
  'a secret is found where it is: in the environment, in a file, or it is asked for',
  async () => {
    const secret = 'a secret of sixteen bytes or more'
    const shell = aShell({ environment: { FROM_ENV: secret } })
    shell.put('kept.secret', `${secret}\n`)
    const manual = (written: unknown) => ({ on: 'manual', secret: written, run: 'true' })
    shell.put('hooks.json', {
      hooks: {
        a: manual(`\${FROM_ENV}`),
        b: manual({ file: 'kept.secret' }),
        c: manual(secret),
      },
    })
    const { url, received } = await aListener()
    const lines: string[] = []
    for (const hook of ['a', 'b', 'c']) {
      const { out } = await shell.run('sign', hook, '--curl', '--to', url)
      lines.push(out.split('\n')[1] ?? '')
      await paste(shell, out, { FROM_ENV: secret, SECRET: secret })
    }
    expect(lines).toEqual([
      'SECRET=$FROM_ENV &&',
      'SECRET=$(cat kept.secret) &&',
      `: "\${SECRET:?is not set. Set it to the secret of c; nothing was sent}" &&`,
    ])
    expect(received).toHaveLength(6)
    for (const one of received.filter((one) => one.headers['x-hub-signature-256'])) {
      expect(provesPlain(one, secret, 'x-hub-signature-256')).toBe(true)
    }
  },
)

/** Typed into a shell of a person, which goes on with the next line whatever became of the one before. */
function type(shell: Shell, commands: string): Promise<Pasted> {
  return new Promise((resolve) => {
    const options = { cwd: shell.folder, env: { PATH: process.env.PATH } }
    const child = execFile('bash', ['--norc', '-i'], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
    child.stdin?.end(`${commands}\necho typed on\n`)
  })
}

needs('bash')('without its secret nothing is sent, and the shell says what to set', async () => {
  const shell = aSigner()
  const { url, received } = await aListener()
  for (const [hook, says] of [
    ['site', 'SECRET: is not set. Set it to the value of SITE_SECRET; nothing was sent'],
    ['clear-cache', 'SECRET: is not set. Set it to the value of OPS_SECRET; nothing was sent'],
    ['df', 'TOKEN: is not set. Set it to the value of DF_TOKEN; nothing was sent'],
  ] as const) {
    const { out } = await shell.run('sign', hook, '--curl', '--to', url)
    const elsewhere = aShell()
    writeFileSync(join(elsewhere.folder, '.env'), 'ANOTHER=1\n')
    expect(await type(elsewhere, out)).toMatchObject({
      stdout: expect.stringContaining('typed on'),
      stderr: expect.stringContaining(says),
    })
    expect(await type(aShell(), out)).toMatchObject({
      stdout: expect.stringContaining('typed on'),
      stderr: expect.stringMatching(/\.env: No such file/),
    })
  }
  expect(received).toEqual([])
})

test('an input that the hook does not have is not signed for', async () => {
  expect(await aSigner().run('sign', 'clear-cache', '--curl', '-i', 'scop=all')).toMatchObject({
    code: 2,
    out: '',
    talk: 'error: hook "clear-cache" has no input "scop"; it takes scope.\n',
  })
})

test('bytes that no command line can hold must be in a file', async () => {
  const shell = aSigner({ input: Buffer.from([0xff]) })
  expect(await shell.run('sign', 'clear-cache', '-', '--curl')).toMatchObject({
    code: 2,
    talk: 'error: The body is not text, so no command line can hold it. Write it to a file and name that.\n',
  })
})

test('the commands work from where they were printed: .env is named from there', async () => {
  const shell = aSigner()
  const elsewhere = aShell()
  copyFileSync(join(shell.folder, 'hooks.json'), join(elsewhere.folder, 'copy.json'))
  const { out } = await elsewhere.run(
    'sign',
    'df',
    '--curl',
    '--config',
    `${shell.folder}/hooks.json`,
  )
  expect(out.split('\n')[0]).toBe(`TOKEN=$(sed -n 's/^DF_TOKEN=//p' ${shell.folder}/.env) &&`)
})
