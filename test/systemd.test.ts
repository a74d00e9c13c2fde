/** What systemd hears, and whether what docs/systemd.md says to it is true. */

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { needs, testUnless } from './needs.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

/** Messages to a socket of the kind that systemd listens at; each is a list of assignments. */
async function aListener() {
  const path = join(aDirectory(), 'notify')
  const listener = spawn('python3', [resolve('test/notified.py'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void listener.kill())
  const messages: string[][] = []
  createInterface({ input: listener.stdout }).on('line', (line) => messages.push(JSON.parse(line)))
  await until(() => messages.shift(), 'the listener')
  return { path, messages, saw: (text: string) => messages.some((all) => all.includes(text)) }
}

const site = (run: string) => ({ repo: 'github:acme/site', secret: SECRET, run })
const python = spawnSync('python3', ['--version']).status === 0
const notify = spawnSync('systemd-notify', ['--version']).status === 0
const notifying = testUnless(python && notify ? null : 'python3 or systemd-notify is not installed')

describe('systemd', () => {
  notifying('hears of the start, a reload and the stop, in this order', async () => {
    const { path, messages, saw } = await aListener()
    const env = { NOTIFY_SOCKET: path }
    const server = await aRunhook({ hooks: { site: site('true') }, env })
    await until(() => messages.length === 1, 'the first message')
    expect(messages[0]).toEqual(['READY=1', 'STATUS=1 hook; 0 running, 0 waiting'])
    server.child.kill('SIGHUP')
    await until(() => messages.length === 3, 'the reload')
    expect(messages[1]).toEqual(['RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d{6,}$/)])
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    const told = Number(messages[1]?.[1]?.split('=')[1]) / 1e6
    expect(Math.abs(uptime - told)).toBeLessThan(3600)
    expect(messages[2]).toEqual(['READY=1'])
    expect(await server.stop()).toBe(0)
    await until(() => saw('STOPPING=1'), 'the stop')
    expect(messages.at(-1)).toEqual(['STOPPING=1', 'STATUS=stopping; 1 hook; 0 running, 0 waiting'])
  })

  notifying('hears what runs and what waits', async () => {
    const { path, saw } = await aListener()
    const server = await aRunhook({
      hooks: { site: site('sleep 100') },
      file: { server: { drain: '0s' } },
      env: { NOTIFY_SOCKET: path },
    })
    const body = aPushBody()
    await server.post('/hooks/site', { body, headers: asGitHub(body) })
    await until(() => saw('STATUS=1 hook; 1 running, 0 waiting'), 'the status')
    await server.stop()
  })

  notifying('hears that it lives as often as asked, and no more from one that hangs', async () => {
    const { path, messages } = await aListener()
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' }
    const server = await aRunhook({ hooks: { site: site('true') }, env })
    const alive = () => messages.filter((all) => all.includes('WATCHDOG=1')).length
    await until(() => alive() >= 5, 'five signs of life')
    server.child.kill('SIGSTOP')
    await new Promise((done) => setTimeout(done, 300)) // what was on its way arrives
    const before = alive()
    await new Promise((done) => setTimeout(done, 1000))
    expect(alive()).toBe(before)
    server.child.kill('SIGCONT')
    await until(() => alive() > before, 'a sign of life')
    await server.stop()
  })

  needs('python3')('commands are not told how to speak to it', async () => {
    const { path } = await aListener()
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '60000000' }
    const page = { url: '/env', on: 'get', auth: 'none', command: ['env'] }
    const server = await aRunhook({ hooks: { page }, env })
    const { text } = await server.post('/env', { method: 'GET' })
    expect(text).toContain('HOOK_NAME=page')
    expect(text).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/)
  })

  test('is told of nothing where its tool is missing, and the server goes on and says so', async () => {
    const bin = join(aDirectory(), 'bin')
    mkdirSync(bin)
    const env = { NOTIFY_SOCKET: join(bin, 'nobody'), PATH: bin }
    const server = await aRunhook({ hooks: { site: site('true') }, env })
    await until(() => server.output().includes('systemd cannot be told'), 'the word about it')
    expect(await server.stop()).toBe(0)
  })
})

const document = readFileSync('docs/systemd.md', 'utf8')
/** The block that begins with a comment of this name. */
const unit = (name: string): string => {
  const blocks = [...document.matchAll(/```ini\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  return blocks.find((text) => text.startsWith(`# /etc/systemd/system/${name}\n`)) ?? ''
}
const profile = (name: string): string => {
  const blocks = [...document.matchAll(/```ini\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  return blocks.find((text) => text.startsWith(`# ${name}\n`)) ?? ''
}

/** A folder with the units, as somebody would have written them to /etc/systemd/system. */
function units(dropIn: string): string {
  const folder = aDirectory()
  const service = unit('runhook.service').replaceAll('/usr/bin/runhook', '/bin/true')
  writeFileSync(join(folder, 'runhook.service'), service)
  writeFileSync(join(folder, 'runhook.socket'), unit('runhook.socket'))
  mkdirSync(join(folder, 'runhook.service.d'))
  writeFileSync(join(folder, 'runhook.service.d', 'profile.conf'), dropIn)
  return folder
}

describe('the units of docs/systemd.md', () => {
  test('are there, and are of the kind that the server is', () => {
    expect(unit('runhook.service')).toMatch(/^Type=notify$/m)
    expect(unit('runhook.service')).toMatch(/^NotifyAccess=all$/m)
    expect(unit('runhook.service')).toMatch(/^KillMode=mixed$/m)
    expect(unit('runhook.socket')).toMatch(/^ListenStream=/m)
  })

  const profiles = ['deploy', 'strict']
  needs('systemd-analyze').each(profiles)('are what systemd understands: %s', (name) => {
    const folder = units(profile(`${name}.conf`))
    const files = ['runhook.service', 'runhook.socket'].map((file) => join(folder, file))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
    })
    const about = stderr.split('\n').filter((line) => line.includes(folder))
    expect({ status, about }).toEqual({ status: 0, about: [] })
  })

  needs('systemd-analyze').each(profiles)('have one for a worker that it takes: %s', (name) => {
    const folder = aDirectory()
    const file = join(folder, 'runhook-worker.service')
    const service = unit('runhook-worker.service').replaceAll('/usr/bin/runhook', '/bin/true')
    writeFileSync(file, service)
    mkdirSync(`${file}.d`)
    writeFileSync(join(`${file}.d`, 'profile.conf'), profile(`${name}.conf`))
    const args = ['verify', '--man=no', file]
    const { status, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    const about = stderr.split('\n').filter((line) => line.includes(folder))
    expect({ status, about }).toEqual({ status: 0, about: [] })
    const [server, worker] = ['runhook', 'runhook-worker'].map((kind) => {
      const [, lines = ''] = unit(`${kind}.service`).split('[Service]\n')
      const kept = lines.split('\n').filter((line) => /^\w+=/.test(line) && !/^Also=/.test(line))
      return kept.map((line) => line.replace('runhook serve', 'runhook worker'))
    })
    expect(worker).toEqual(server)
  })

  const exposures = [
    ['deploy', 5.5],
    ['strict', 2],
  ] as const
  needs('systemd-analyze').each(exposures)(
    'leave open what they must: %s, at most %d',
    (name, most) => {
      const folder = units(profile(`${name}.conf`))
      // Drop-ins are not read with --offline, so that they are written into the unit.
      const whole = join(folder, 'whole.service')
      const service = readFileSync(join(folder, 'runhook.service'), 'utf8')
      writeFileSync(whole, `${service}\n${profile(`${name}.conf`)}`)
      const args = ['security', '--offline=true', '--no-pager', whole]
      const text = execFileSync('systemd-analyze', args, { encoding: 'utf8' })
      const exposure = Number(/exposure level for .*: ([\d.]+)/.exec(text)?.[1])
      expect(exposure).toBeGreaterThan(0)
      expect(exposure).toBeLessThanOrEqual(most)
    },
  )
})
