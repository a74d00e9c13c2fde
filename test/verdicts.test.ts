/** "Why did it not run?", asked of a real server through the command line. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { earlyInAMinute, SECRET, until } from './some.ts'

const site = {
  repo: 'github:acme/site',
  secret: SECRET,
  run: 'echo "deploying $HOOK_BRANCH of $HOOK_SENDER"',
  match: { 'payload.sender.login': ['ada', 'grace'], 'header.x-env': 'prod*' },
}
const HOOK = '/hooks/site'

const pushed = (server: Running, fields = {}, headers = {}) => {
  const body = aPushBody(fields)
  return server.post(HOOK, { body, headers: asGitHub(body, { 'x-env': 'production', ...headers }) })
}

const statuses = async ({ cli }: Running) =>
  JSON.parse((await cli('runs', '--json')).stdout).runs.map((run: { status: string }) => run.status)

test('what does not match is shown, each with its rule, what was wanted and what was found: in the response, the command line and the API', async () => {
  const server = await aRunhook({ hooks: { site } })
  const says = 'payload.sender.login is mallory, wants one of ada, grace'
  const also = 'header.x-env is test, wants prod*'
  const answer = await pushed(server, { sender: { login: 'mallory' } }, { 'x-env': 'test' })
  expect(answer).toMatchObject({
    status: 200,
    text: `ignored: delivery 1\n  site  ✗ match  ${says}  ✗ match  ${also}\n`,
  })
  const { stdout } = await server.cli('deliveries', '1')
  expect(stdout.split('\n\n')[1]).toBe(`\
  site  ✓ signature secret 1 of 1  ✓ repo acme/site  ✓ event push
        ✗ match  ${says}
        ✗ match  ${also}
        wanted payload.sender.login: one of ada, grace
        found  mallory
        wanted header.x-env: prod*
        found  test
`)
  const told = JSON.parse((await server.cli('deliveries', '1', '--json')).stdout)
  expect(told.verdicts[0].checks).toEqual([
    {
      rule: 'signature',
      result: 'pass',
      wanted: 'signed with secret 1',
      found: 'secret 1 of 1',
      says: 'secret 1 of 1',
    },
    { rule: 'repo', result: 'pass', wanted: 'acme/site', found: 'acme/site', says: 'acme/site' },
    { rule: 'event', result: 'pass', wanted: 'push', found: 'push', says: 'push' },
    {
      rule: 'match',
      result: 'fail',
      wanted: 'payload.sender.login: one of ada, grace',
      found: 'mallory',
      says,
    },
    {
      rule: 'match',
      result: 'fail',
      wanted: 'header.x-env: prod*',
      found: 'test',
      says: also,
    },
  ])
})

test('the file as edited may be asked about what came, before it is used', async () => {
  const server = await aRunhook({ hooks: { site } })
  await pushed(server, { sender: { login: 'mallory' } })
  const edited = { ...site, match: { 'payload.sender.login': { not: 'eve' } } }
  writeFileSync(
    join(server.directory, 'edited.json'),
    JSON.stringify({ hooks: { site: edited } }),
    {
      mode: 0o600,
    },
  )
  expect((await server.cli('check', '--explain', '1')).code).toBe(1)
  expect(await server.cli('check', 'edited.json', '--explain', '1')).toEqual({
    code: 0,
    stdout: `#1  push acme/site main aaaaaaa by mallory
  site  ✓ signature secret 1 of 1  ✓ repo acme/site  ✓ event push
        ✓ match payload.sender.login is mallory  → would run
`,
    stderr: '1 of 1 hook would run. Nothing was run.\n',
  })
  expect(await statuses(server)).toEqual([])
})

test('what was refused is counted with its reason, for the operator alone', async () => {
  const server = await aRunhook({ hooks: { site } })
  const body = aPushBody()
  await earlyInAMinute()
  for (let i = 0; i < 3; i++) {
    const answer = await server.post(HOOK, { body, headers: asGitHub(body, {}, `${SECRET}\n`) })
    expect(answer.text).toBe('The signature or token is missing or wrong.\n')
  }
  await server.post('/wp-login.php', { body })
  const listed = await until(async () => {
    const { stderr } = await server.cli('deliveries')
    return stderr.includes('4 refused') && stderr
  })
  expect(listed).toContain('4 refused in the last day: runhook deliveries --refused\n')
  const { stdout } = await server.cli('deliveries', '--refused')
  expect(stdout).toContain(
    '✗ [404] POST /wp-login.php  once from 127.0.0.1, last just now\n    nothing answers at this path\n',
  )
  expect(stdout).toContain(
    '✗ [401] POST /hooks/site  3 times from 127.0.0.1, last just now\n    signature matches no secret (tried secret 1); it matches secret 1 with a trailing newline: set the secret at the host anew, without one\n',
  )
  expect(stdout.split('\n')).toHaveLength(5)
  expect(await server.stop()).toBe(0)
  const again = await aRunhook({ directory: server.directory })
  expect(JSON.parse((await again.cli('deliveries', '--refused', '--json')).stdout).total).toBe(4)
  for (const file of ['runhook.db', 'runhook.db-wal']) {
    expect(readFileSync(join(server.directory, '.runhook', file), 'latin1')).not.toContain(SECRET)
  }
})

test('a person may send a delivery through once more, whatever became of it, and see first what that would do', async () => {
  const server = await aRunhook({ hooks: { site } })
  const body = aPushBody()
  const headers = asGitHub(body, { 'x-env': 'production' })
  expect((await server.post(HOOK, { body, headers })).status).toBe(202)
  await until(async () => (await statuses(server))[0] === 'success', 'the run')
  const replayed = { ...headers, 'x-github-delivery': 'another' }
  expect((await server.post(HOOK, { body, headers: replayed })).text).toContain('✗ replay')
  const same = { ...headers, 'x-github-delivery': headers['x-github-delivery'].toUpperCase() }
  expect((await server.post(HOOK, { body, headers: same })).text).toContain('✗ duplicate')

  const dry = await server.cli('redeliver', '2', '--dry-run')
  expect(dry).toMatchObject({
    code: 0,
    stderr: 'A dry run: nothing was started, and nothing recorded.\n',
  })
  expect(dry.stdout).toContain('✓ match header.x-env is production  → would run\n')
  expect(await statuses(server)).toHaveLength(1)

  const { code, stdout, stderr } = await server.cli('redeliver', '2')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '  runhook logs -f 2\n' })
  expect(stdout).toContain('#4 redelivers #2  push acme/site main aaaaaaa by ada\n')
  await until(async () => (await statuses(server))[0] === 'success', 'the second run')
  expect((await server.cli('logs', '2')).stdout).toContain('deploying main of ada\n')
  const kept = JSON.parse((await server.cli('deliveries', '4', '--json')).stdout)
  expect(kept.proof).toMatch(/^redelivered by ./)
  expect(kept).toMatchObject({ duplicateOf: 2, address: '', runs: [2], bodyBytes: body.length })
  expect((await server.cli('deliveries', '2')).stdout).toContain('\n  came again as #4\n')
})

test('a redelivery meets the hooks as they are now, and only those of its address', async () => {
  const other = { ...site, match: undefined }
  const server = await aRunhook({ hooks: { site, other } })
  await pushed(server, { sender: { login: 'mallory' } })
  const config = join(server.directory, 'hooks.json')
  const write = (hooks: object) => writeFileSync(config, JSON.stringify({ hooks }), { mode: 0o600 })
  write({ site: { ...site, match: undefined }, other })
  await until(() => server.output().includes('reloaded'), 'the reload')
  const { stdout } = await server.cli('redeliver', '1')
  expect(stdout).toContain('→ run #1\n')
  expect(stdout).not.toContain('other')
  write({ other })
  await until(() => (server.output().match(/reloaded/g)?.length ?? 0) > 1, 'the second reload')
  expect(await server.cli('redeliver', '1')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'error: Nothing answers at /hooks/site now, where #1 came in. See what another hook would say of it: runhook check --explain 1 --hook NAME\n',
  })
  expect((await server.cli('redeliver', '99')).code).toBe(3)
})
