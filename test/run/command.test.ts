import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ServerSettings } from '../../src/model/config.ts'
import type { Step } from '../../src/model/hook.ts'
import type { Input } from '../../src/model/url.ts'
import { type Context, commandFor, environmentFor, runsUrl } from '../../src/run/command.ts'
import { aHook, aPush, aTag, sha } from '../some.ts'
import { aBench, aRun, aStored, fixture } from './runs.ts'

const user = { name: 'deploy', home: '/home/deploy', shell: '/bin/bash' }
const anInput = (name: string): Input => ({
  name,
  type: 'string',
  description: null,
  required: false,
  default: null,
  options: null,
  maxLength: 1024,
})
const template = (...items: string[]): Extract<Step, { kind: 'command' }> => ({
  kind: 'command',
  argv: ['echo', ...items],
})

function aContext(fields: Partial<Context> = {}, payload: unknown = {}): Context {
  return {
    hook: aHook({ workingDirectory: '/srv/site' }),
    run: aRun({ id: 142 }),
    delivery: aStored({ guid: 'guid-1' }),
    lastSuccess: null,
    after: null,
    payloadFile: '/data/payloads/142',
    user,
    timeZone: null,
    runsUrl: 'https://deploy.example.com/-/runs',
    marker: 'token:142',
    payload: () => ({ payload }),
    ...fields,
  }
}

const argvOf = (item: string, context = aContext()) => {
  const spec = commandFor(template(item), context)
  return 'problem' in spec ? spec.problem : spec.argv[1]
}

test('a push gives a command this environment and nothing else', () => {
  expect(environmentFor(aContext())).toEqual({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/home/deploy',
    USER: 'deploy',
    LOGNAME: 'deploy',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    HOOK_NAME: 'deploy-site',
    HOOK_EVENT: 'push',
    HOOK_ACTION: '',
    HOOK_REPO: 'acme/site',
    HOOK_REF: 'refs/heads/main',
    HOOK_BRANCH: 'main',
    HOOK_TAG: '',
    HOOK_COMMIT: sha('a'),
    HOOK_BEFORE: sha('b'),
    HOOK_LAST_SUCCESS: '',
    HOOK_STATUS: '',
    HOOK_FAILED_STEP: '',
    HOOK_SENDER: 'ada',
    HOOK_MESSAGE: 'Fix the feed',
    HOOK_DELIVERY: 'guid-1',
    HOOK_RUN: '142',
    HOOK_RUN_URL: 'https://deploy.example.com/-/runs/142',
    HOOK_WORKER: '',
    HOOK_PAYLOAD: '/data/payloads/142',
    RUNHOOK_RUN: 'token:142',
  })
})

test('the hook may set PATH and its own names, but not those that say what happened', () => {
  const env = { PATH: '/opt/bin', MODE: 'live', HOOK_BRANCH: 'mine', RUNHOOK_RUN: 'mine' }
  const given = environmentFor(aContext({ hook: aHook({ env }), timeZone: 'Europe/Berlin' }))
  expect(given).toMatchObject({
    PATH: '/opt/bin',
    MODE: 'live',
    TZ: 'Europe/Berlin',
    HOOK_BRANCH: 'main',
    RUNHOOK_RUN: 'token:142',
  })
})

test('inputs come under the names that the hook declares, empty when not given', () => {
  const hook = aHook({ inputs: [anInput('log-level'), anInput('scope')] })
  const run = aRun({ inputs: { 'log-level': 'debug', LD_PRELOAD: '/evil.so' } })
  const env = environmentFor(aContext({ hook, run }))
  expect(env).toMatchObject({ INPUT_LOG_LEVEL: 'debug', INPUT_SCOPE: '' })
  expect(Object.keys(env).filter((name) => name.includes('PRELOAD'))).toEqual([])
})

test('a shell line is one argument of the shell, as written', () => {
  const step = { kind: 'shell', line: 'git pull && make "$X"', shell: '/bin/bash' } as const
  expect(commandFor(step, aContext())).toMatchObject({
    argv: ['/bin/bash', '-e', '-c', 'git pull && make "$X"'],
    workingDirectory: '/srv/site',
  })
})

test.each([
  ['{{ branch }}', 'main'],
  ['{{ref}}', 'refs/heads/main'],
  ['{{ sha }}', sha('a')],
  ['{{ repo }}', 'acme/site'],
  ['{{ header.X-GitHub-Event }}', 'push'],
  ['{{ payload.sender.login }}', 'ada'],
  ['{{ payload.commits.1.id }}', 'two'],
  ['{{ payload.number }}', '7'],
  ['{{ payload.draft }}', 'false'],
  ['plain', 'plain'],
])('the argument %s becomes %s', (item, value) => {
  const payload = {
    sender: { login: 'ada' },
    commits: [{ id: 'one' }, { id: 'two' }],
    number: 7,
    draft: false,
  }
  expect(argvOf(item, aContext({}, payload))).toBe(value)
})

test('a tag and an input become arguments', () => {
  const delivery = aStored({ updates: [aTag('v2')] })
  const run = aRun({ inputs: { scope: 'all' } })
  expect(argvOf('{{ tag }}', aContext({ delivery }))).toBe('v2')
  expect(argvOf('{{ inputs.scope }}', aContext({ run }))).toBe('all')
})

test.each([
  ['{{ tag }}', 'the delivery has no such value'],
  ['{{ payload.none }}', 'the delivery has no such value'],
  ['{{ payload.__proto__.polluted }}', 'the delivery has no such value'],
  ['{{ payload.constructor.name }}', 'the delivery has no such value'],
  ['{{ payload.toString }}', 'the delivery has no such value'],
  ['{{ inputs.constructor }}', 'the delivery has no such value'],
  ['{{ header.constructor }}', 'the delivery has no such value'],
  ['{{ payload.list }}', 'the value is a list or an object, which cannot be an argument'],
  ['{{ payload.nothing }}', 'the delivery has no such value'],
  ['{{ payload.id }}', 'the number is too large to be exact'],
  ['{{ payload.option }}', 'the value begins with "-", which would make it an option'],
  ['{{ payload.minus }}', 'the value begins with "-", which would make it an option'],
  ['{{ branch.name }}', 'there is no such value'],
  ['{{ secret }}', 'there is no such value'],
  ['--ref={{ branch }}', 'a value must be a whole argument'],
  ['{{ branch }}{{ tag }}', 'a value must be a whole argument'],
])('the argument %s is refused: %s', (item, problem) => {
  const payload = JSON.parse(
    '{"list":[1],"nothing":null,"id":12345678901234567890,"option":"--upload-pack=x","minus":-1}',
  )
  expect(argvOf(item, aContext({}, payload))).toBe(`argument ${item}: ${problem}`)
})

test('no delivery chooses the program', () => {
  const step = { kind: 'command', argv: ['{{ payload.program }}'] } as const
  const problem = 'the program to run cannot come from the delivery'
  expect(commandFor(step, aContext({}, { program: 'rm' }))).toEqual({ problem })
})

test('the payload is parsed only when an argument needs it, and its problem is passed on', () => {
  let parsed = 0
  const payload = () => {
    parsed += 1
    return { problem: 'the body is not JSON' }
  }
  expect(argvOf('{{ branch }}', aContext({ payload }))).toBe('main')
  expect(parsed).toBe(0)
  expect(argvOf('{{ payload.x }}', aContext({ payload }))).toBe(
    'argument {{ payload.x }}: the body is not JSON',
  )
})

test('a NUL byte in any value is refused', () => {
  const delivery = aStored({ sender: 'a\0b' })
  expect(commandFor(template(), aContext({ delivery }))).toEqual({
    problem: 'the value of HOOK_SENDER has a NUL byte in it, which no command can be given',
  })
  expect(argvOf('{{ payload.x }}', aContext({}, { x: 'a\0b' }))).toBe(
    'argument 1 of the command has a NUL byte in it, which no command can be given',
  )
})

test('a long commit message is cut between characters, any other long value is refused', () => {
  const long = 'é'.repeat(100_000)
  const env = environmentFor(
    aContext({ delivery: aStored({ updates: [aPush('main', { message: long })] }) }),
  )
  const message = env.HOOK_MESSAGE ?? ''
  expect(Buffer.byteLength(`HOOK_MESSAGE=${message}`)).toBe(128 * 1024 - 1)
  expect(long.startsWith(message)).toBe(true)
  expect(commandFor(template(), aContext({ delivery: aStored({ sender: long }) }))).toEqual({
    problem:
      'the value of HOOK_SENDER is longer than a command can be given (128 KiB). It is also in the file $HOOK_PAYLOAD',
  })
})

test('the longest values that are let through can really be given to a command', async () => {
  const bench = aBench()
  const message = 'm'.repeat(200_000)
  const body = Buffer.from(JSON.stringify({ x: 'x'.repeat(128 * 1024 - 1) }))
  const end = await bench.run([{ kind: 'command', argv: ['true', '{{ payload.x }}'] }], {
    delivery: { body, updates: [aPush('main', { message })] },
  })
  expect(end).toMatchObject({ status: 'success', reason: null })
})

const attacks = [
  '$(touch canary)',
  '`touch canary`',
  ';touch canary',
  '|touch canary',
  '&& touch canary',
  '\ntouch canary\n',
  "'; touch canary; '",
  '"; touch canary; "',
  'a[$(touch canary)]',
  '() { :;}; touch canary',
  `main;touch\${IFS}canary`,
  '%s%n',
  '~root',
  '*',
  '',
  ' ',
  '\u202e\u200b<script>',
]

test('5,000 strings reach a command byte for byte, and none of them does anything', async () => {
  const bench = aBench()
  const random = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), 5000 - attacks.length)
  const strings = [...attacks, ...random].map((text) => text.replaceAll('\0', ''))
  const names = Array.from({ length: 250 }, (_, index) => `v-${index}`)
  const report = [process.execPath, fixture('report.mjs')] as const
  for (let from = 0; from < strings.length; from += names.length) {
    // No value may begin with "-" and become an option, so these get something before it.
    const batch = strings.slice(from, from + names.length).map((text) => text.replace(/^-/, '_'))
    const body = Buffer.from(JSON.stringify({ batch }))
    const end = await bench.run(
      [{ kind: 'command', argv: [...report, ...names.map((_, n) => `{{ payload.batch.${n} }}`)] }],
      {
        hook: { inputs: names.map(anInput) },
        run: { inputs: Object.fromEntries(names.map((name, n) => [name, batch[n] ?? ''])) },
        delivery: { body, updates: [aPush(batch[0], { message: batch[1] ?? null })] },
      },
    )
    expect(end).toMatchObject({ status: 'success', reason: null })
    const seen = JSON.parse(end.text)
    expect(seen.argv).toEqual(batch)
    expect(names.map((_, n) => seen.env[`INPUT_V_${n}`])).toEqual(batch)
    expect([seen.env.HOOK_BRANCH, seen.env.HOOK_MESSAGE]).toEqual(batch.slice(0, 2))
    expect(Buffer.from(seen.payload, 'base64')).toEqual(body)
  }
  expect(existsSync(join(bench.directory, 'canary'))).toBe(false)
}, 60_000)

test('in a shell line a quoted variable is that value and nothing more', async () => {
  const bench = aBench()
  for (const attack of attacks) {
    const line = 'printf %s "$HOOK_BRANCH"'
    const end = await bench.run([{ kind: 'shell', line, shell: '/bin/sh' }], {
      delivery: { updates: [aPush(attack)] },
    })
    expect(end.text).toBe(attack)
  }
  expect(existsSync(join(bench.directory, 'canary'))).toBe(false)
})

test('a run is looked at on the dashboard, as people reach it, or in the API where there is none', () => {
  const at = (publicUrl: string | null, dashboard: ServerSettings['dashboard']) =>
    runsUrl({ publicUrl, dashboard })
  const deploy = 'https://deploy.example.com'
  const aside = { host: '127.0.0.1', port: 9001 }
  expect(at(deploy, { listen: null, publicUrl: deploy })).toBe(`${deploy}/-/runs`)
  expect(at(deploy, { listen: aside, publicUrl: 'https://ci.example.com' })).toBe(
    'https://ci.example.com/-/runs',
  )
  expect(at(deploy, { listen: aside, publicUrl: null })).toBeNull()
  expect(at(deploy, null)).toBe(`${deploy}/api/v1/runs`)
  expect(at(null, { listen: null, publicUrl: null })).toBeNull()
  expect(at(null, null)).toBeNull()
})
