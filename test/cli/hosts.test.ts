/** `send` and `sign --curl` for every kind of host: what arrives is what that host would send, proven. */

import { execFile } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { genericHost } from '../../src/hosts/generic.ts'
import type { Host } from '../../src/hosts/host.ts'
import { hostOf } from '../../src/hosts/hosts.ts'
import { type GitHostName, gitHostNames } from '../../src/model/delivery.ts'
import type { SignatureScheme } from '../../src/model/hook.ts'
import { needs } from '../needs.ts'
import { NOW } from '../show/world.ts'
import { aListener, type Received } from './listener.ts'
import { aShell, type Shell } from './shell.ts'

const withOpenssl = needs('openssl')
const withCurl = needs('curl')
/** Both are needed; the one that is missing gives the reason. */
const pasted = withOpenssl === test ? withCurl : withOpenssl

const PLAIN = 'a-secret-for-every-host-of-them'
const SIGNING = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const secretOf = (host: GitHostName) => (host === 'azure' ? `deploy:${PLAIN}` : PLAIN)
const signing = gitHostNames.filter((host) => host !== 'sourcehut')

function aHooksFile(hook: Record<string, unknown>, secret: string): Shell {
  const shell = aShell()
  shell.put('hooks.json', { hooks: { site: { run: 'true', secret: `\${S}`, ...hook } } })
  shell.put('.env', `S=${secret}\n`)
  return shell
}

/** What a person does with printed commands, in the folder where he got them. */
function paste(shell: Shell, commands: string): Promise<string> {
  const options = { cwd: shell.folder, env: { PATH: process.env.PATH } }
  return new Promise((resolve) => {
    execFile('sh', ['-c', commands], options, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
}

async function accepted(host: Host, { headers, body }: Received, secret: string): Promise<boolean> {
  if (host.refuse(headers)) return false
  return (await host.verify(headers, body, [{ name: 'S', value: secret }], Date.now())).ok
}

function readUpdates(host: Host, { headers, body }: Received) {
  const parsed = host.parse(headers, body)
  const content = 'payload' in parsed ? host.normalise(headers, parsed.payload) : parsed
  if ('problem' in content) throw new Error(content.problem)
  return content
}

describe.each(signing)('at %s', (name) => {
  const host = hostOf(name)
  const secret = secretOf(name)
  const hook = { repo: `${name}:acme/site`, on: { push: { branches: ['release/**'] } } }

  test('`send` sends what starts the hook, signed', async () => {
    const shell = aHooksFile(hook, secret)
    const { url, received } = await aListener()
    expect(await shell.run('send', 'site', '--to', url)).toMatchObject({ code: 0 })
    const [one = expect.fail('nothing came')] = received
    // The shell's clock stands still, and some hosts sign the time.
    const proof = await host.verify(one.headers, one.body, [{ name: 'S', value: secret }], NOW)
    expect(proof).toEqual({ ok: true, by: 'secret 1 of 1' })
    expect(readUpdates(host, one)).toMatchObject({
      repository: 'acme/site',
      updates: [{ event: 'push', branch: 'release/1' }],
    })
  })

  pasted('`sign --curl` prints commands that work, again and again', async () => {
    const shell = aHooksFile(hook, secret)
    const { url, received } = await aListener()
    const { out } = await shell.run('sign', 'site', '--curl', '--to', url)
    expect(out).not.toContain(PLAIN)
    for (let times = 0; times < 2; times++) {
      expect(await paste(shell, out)).toBe('accepted: delivery 1\n')
    }
    const [first = expect.fail('nothing came'), second = expect.fail('came once')] = received
    for (const one of received) {
      expect(await accepted(host, one, secret)).toBe(true)
      expect(readUpdates(host, one).updates).toMatchObject([{ branch: 'release/1' }])
    }
    expect(first.body).not.toEqual(second.body)
  })
})

pasted('with a signing token of GitLab the commands sign id, time and body', async () => {
  const shell = aHooksFile({ repo: 'gitlab:acme/web/site' }, SIGNING)
  const { url, received } = await aListener()
  await paste(shell, (await shell.run('sign', 'site', '--curl', '--to', url)).out)
  const [one = expect.fail('nothing came')] = received
  expect(await accepted(hostOf('gitlab'), one, SIGNING)).toBe(true)
  expect(one.headers).not.toHaveProperty('x-gitlab-token')
})

describe('with a signature of its own', () => {
  const written = {
    slack: {
      header: 'X-Slack',
      prefix: 'v0=',
      timestamp: 'X-Time',
      template: 'v0:{timestamp}:{body}',
    },
    teams: { header: 'X-Teams', encoding: 'base64', prefix: 'HMAC ' },
    scalr: {
      header: 'X-Scalr',
      algorithm: 'sha1',
      timestamp: 'Date',
      template: '{body}{timestamp}',
    },
    quoted: { header: 'X-Odd', algorithm: 'sha512', template: `it's "$HOME": {body}` },
  } as const

  pasted.each(Object.entries(written))('%s: send and sign', async (_, signature) => {
    const shell = aHooksFile({ url: '/call', on: 'post', signature }, PLAIN)
    const host = genericHost({
      algorithm: 'sha256',
      encoding: 'hex',
      prefix: '',
      template: '{body}',
      toleranceMs: 300_000,
      ...signature,
      header: signature.header.toLowerCase(),
      timestamp: 'timestamp' in signature ? signature.timestamp.toLowerCase() : null,
    } satisfies SignatureScheme)
    const { url, received } = await aListener()
    const sent = await shell.run('send', 'site', '--to', url)
    expect(sent.talk).toContain(`(signed in ${signature.header.toLowerCase()})`)
    await paste(shell, (await shell.run('sign', 'site', '--curl', '--to', url)).out)
    const [bySend = expect.fail('nothing came'), byCurl = expect.fail('came once')] = received
    const secrets = [{ name: 'S', value: PLAIN }]
    expect((await host.verify(bySend.headers, bySend.body, secrets, NOW)).ok).toBe(true)
    expect(await accepted(host, byCurl, PLAIN)).toBe(true)
  })
})

test('what only the host can sign is refused, and says why', async () => {
  const url = '/srht/0123456789abcdef0123456789abcdef'
  const shell = aShell()
  shell.put('hooks.json', {
    hooks: { site: { repo: 'sourcehut:~ada/site', url, run: 'true' } },
  })
  expect(await shell.run('send', 'site')).toMatchObject({
    code: 2,
    talk: 'error: Only sourcehut can sign for "site": its private key is not here. Push a commit there.\n',
  })
})

test.each([
  ['gitlab:acme/web/*', 'acme/web/site'],
  ['gitlab:acme/**', 'acme/site'],
  ['bitbucket:*/wiki', 'acme/wiki'],
  ['azure:My project/*', 'My project/site'],
])('of %s a sample is of %s', async (repo, name) => {
  const shell = aHooksFile({ repo }, `deploy:${PLAIN}`)
  const { url } = await aListener()
  expect((await shell.run('send', 'site', '--to', url)).talk).toContain(`push ${name} main`)
})
