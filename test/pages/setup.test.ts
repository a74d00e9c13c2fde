/** What the setup page says of a hook before, while and after its host has found the way here. */

import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { needs } from '../needs.ts'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { SECRET } from '../some.ts'
import { textOf } from './fleet-site.ts'
import { aSite, pushed, type Site } from './site.ts'

const setupOf = async (site: Site, hook = 'deploy-site') =>
  textOf((await site.get(`/-/hooks/${hook}/setup`)).text)
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")

const ping = async (site: Site, headers = {}) => {
  const body = aPushBody({ zen: 'Keep it logically awesome.' })
  const sent = asGitHub(body, { 'x-github-event': 'ping', ...headers })
  expect((await site.post('/hooks/deploy-site', { body, headers: sent })).status).toBe(200)
}

describe('a test delivery', () => {
  test('is told from one of the host, and turns nothing green', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    expect(await setupOf(site)).toContain("Waiting for GitHub's ping")
    const answer = await site.form('/-/hooks/deploy-site/test')
    expect(answer.headers.get('location')).toContain('answered=202')
    const tried = await setupOf(site)
    expect(tried).toMatch(
      /A \[\S+\] test delivery came through .*; nothing has come from GitHub itself\. Now waiting for GitHub's ping/,
    )
    expect(tried).not.toMatch(/proof was right|is set up/)
    await ping(site)
    expect(await setupOf(site)).toMatch(/deploy-site is set up.*Ping received .* proof was right/)
    await site.form('/-/hooks/deploy-site/test')
    expect(await setupOf(site)).toContain('Ping received')
  })

  test('is what a delivery with its header is taken for, whoever sent it', async () => {
    const site = await aSite({ 'deploy-site': pushed('true') })
    await ping(site, { 'x-runhook-test': 'forged' })
    expect(await setupOf(site)).toContain('nothing has come from GitHub itself')
  })

  test('of a plain URL leaves it waiting for a call', async () => {
    const site = await aSite({
      tidy: { url: '/tidy', token: 'long-enough-for-a-token-0123456789', run: 'true' },
    })
    await site.form('/-/hooks/tidy/test')
    expect(await setupOf(site, 'tidy')).toMatch(/came through .*\. Now waiting for a first call/)
  })
})

describe('the call to paste', () => {
  /** Typed into a shell of a person, which goes on with the next line whatever became of the one before. */
  const typed = (call: string, env: NodeJS.ProcessEnv) =>
    new Promise<string>((resolve) => {
      const options = { env: { PATH: process.env.PATH, ...env } }
      const shell = execFile('bash', ['--norc', '-i'], options, (_, stdout, stderr) =>
        resolve(stdout + stderr),
      )
      shell.stdin?.end(`${call}\n`)
    })
  const callsOf = async (site: Site) => {
    const { text } = await site.get('/-/hooks/tidy/setup')
    const calls = [...text.matchAll(/<pre>([\s\S]*?)<\/pre>/g)].map(([, call = '']) => call)
    const signs = { '&amp;': '&', '&#39;': "'", '&quot;': '"', '&lt;': '<', '&gt;': '>' }
    return calls.map((call) =>
      Object.entries(signs).reduce((text, [written, sign]) => text.replaceAll(written, sign), call),
    )
  }

  needs('curl')('sends nothing without the secret, and says what to set', async () => {
    const site = await aSite({ tidy: { on: 'manual', secret: SECRET, run: 'true' } })
    expect(await setupOf(site, 'tidy')).toContain(
      'read -rs SECRET (in bash or zsh) asks for the secret of tidy',
    )
    const calls = await callsOf(site)
    expect(calls).toHaveLength(2)
    for (const call of calls) {
      expect(await typed(call, {})).toContain(
        'SECRET: is not set. Set it to the secret of tidy; nothing was sent',
      )
    }
    expect((await site.get('/-/refused')).text).toContain('Nothing was refused')
    expect((await site.get('/-/deliveries')).text).not.toContain('/-/deliveries/1')
    for (const call of calls) expect(await typed(call, { SECRET })).toContain('tidy  → run #')
  })
})

describe('who may call', () => {
  const open = (more: object) => ({ url: '/tidy', auth: 'none', run: 'true', ...more })

  test.each([
    [{}, 'Everybody may call it: it asks for no secret.'],
    [
      { 'allow-from': ['127.0.0.1', '10.0.0.0/8'] },
      'Whoever calls from 127.0.0.1, 10.0.0.0/8, and nobody else, may call it: it asks for no secret.',
    ],
  ])('an open hook with %j', async (more, says) => {
    const site = await aSite({ tidy: open(more) })
    expect(await setupOf(site, 'tidy')).toContain(says)
  })
})

describe('who proves himself otherwise than by a secret', () => {
  const urls = {
    tidy: { url: '/tidy', on: 'post', auth: 'login', run: 'true' },
    named: {
      url: '/named',
      on: 'get',
      users: { ada: 'a-password-of-ada-0123456789' },
      run: 'true',
    },
    token: { url: '/token', on: 'get', token: 'long-enough-for-a-token-0123456789', run: 'true' },
  }

  test('by an account reads where a token comes from, and no test is sent that would be refused', async () => {
    const site = await aSite(urls)
    const text = await setupOf(site, 'tidy')
    expect(text).toMatch(
      /Token of somebody who may run .*runhook token create NAME --role operator/,
    )
    expect(text).toMatch(/\$\{TOKEN:\?/)
    expect(text).not.toContain('Send a test delivery')
  })

  test('by a password reads whose it is', async () => {
    const text = await setupOf(await aSite(urls), 'named')
    expect(text).toMatch(/Name and password by HTTP Basic, of ada/)
    expect(text).toMatch(/\$\{PASSWORD:\?/)
    expect(text).toContain('Send a test delivery')
  })

  test.each([
    ['token', 'Or from any shell that has curl.'],
    ['named', 'Or from any shell that has curl and openssl.'],
  ])('reads for %s what the command needs', async (hook, says) => {
    expect(await setupOf(await aSite(urls), hook)).toContain(says)
  })
})

describe('an address', () => {
  const hint = 'cannot reach this address'

  test('of this machine alone is no use to a host, and the page says what to write', async () => {
    const text = await setupOf(await aSite({ 'deploy-site': pushed('true') }))
    expect(text).toContain(`GitHub ${hint}`)
    expect(text).toContain('"server": { "public-url": "https://deploy.example.com" }')
  })

  test('that the file names is believed', async () => {
    const server = { 'public-url': 'https://deploy.example.com' }
    const text = await setupOf(await aSite({ 'deploy-site': pushed('true') }, { server }))
    expect(text).toContain('https://deploy.example.com/hooks/deploy-site')
    expect(text).not.toContain(hint)
  })
})

describe('the badge that is to be copied', () => {
  const server = (port: number) => ({
    'public-url': 'https://deploy.example.com',
    dashboard: { port, 'public-url': 'https://runs.example.com' },
  })
  const freePort = async () => {
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return port
  }

  test.each([
    [{}, 'https://runs.example.com'],
    [{ badge: 'public' }, 'https://deploy.example.com'],
  ])('of a hook with %j is at %s', async (more, at) => {
    const port = await freePort()
    await aSite({ 'deploy-site': pushed('true', more) }, { server: server(port) })
    const answer = await fetch(`http://127.0.0.1:${port}/-/hooks/deploy-site`)
    expect(await answer.text()).toContain(`![deploy-site](${at}/-/badge/deploy-site.svg)`)
  })

  test('answers at the address of the hooks too, where it is public, and no other does', async () => {
    const hooks = { open: pushed('true', { badge: 'public' }), closed: pushed('true') }
    const site = await aSite(hooks, { server: server(0) })
    const { status, headers } = await site.get('/-/badge/open.svg')
    expect([status, headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8'])
    for (const path of [
      '/-/badge/closed.svg',
      '/-/badge/none.svg',
      '/-/',
      '/-/login',
      '/-/icon.svg',
    ])
      expect([path, (await site.get(path)).status]).toEqual([path, 404])
  })
})
