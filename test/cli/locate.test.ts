import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataFolder } from '../../src/cli/locate.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { loadConfig } from '../../src/hooks/load.ts'
import { aShell } from './shell.ts'

type Environment = Record<string, string>

function terminalIn(folder: string, environment: Environment = {}): Terminal {
  const paper = { columns: null, write: async () => undefined, style: (_: unknown, t: string) => t }
  const input = { input: async () => Buffer.alloc(0), async *inputPieces() {} }
  const rest = { user: 'ada', now: () => 0, secret: async () => null, ...input }
  return { out: paper, talk: paper, folder, environment, ...rest }
}

const hooks = { hello: { on: 'manual', secret: `\${HELLO_SECRET}`, run: 'true' } }

test('the data folder is beside the hooks file, unless that says otherwise', async () => {
  const shell = aShell()
  const found = () => dataFolder({}, terminalIn(shell.folder))
  expect(await found()).toBe(join(shell.folder, '.runhook'))
  shell.put('hooks.json', { hooks })
  expect(await found()).toBe(join(shell.folder, '.runhook'))
  shell.put('hooks.json', '{ // where it is kept\n"server": {"data": "kept/here",}, }')
  expect(await found()).toBe(join(shell.folder, 'kept/here'))
})

test('the example counts only where there is no hooks file', async () => {
  const shell = aShell()
  shell.put('hooks.example.json', { server: { data: 'example' } })
  const found = () => dataFolder({}, terminalIn(shell.folder))
  expect(await found()).toBe(join(shell.folder, 'example'))
  shell.put('hooks.json', { server: { data: 'own' } })
  expect(await found()).toBe(join(shell.folder, 'own'))
})

test('$RUNHOOK_CONFIG names the file where --config does not', async () => {
  const shell = aShell()
  shell.put('other.json', { server: { data: 'other' } })
  const terminal = terminalIn(shell.folder, { RUNHOOK_CONFIG: 'other.json' })
  expect(await dataFolder({}, terminal)).toBe(join(shell.folder, 'other'))
  expect(await dataFolder({ config: 'x.json' }, terminal)).toBe(join(shell.folder, '.runhook'))
})

test('--config and --data lead elsewhere, and --data needs no file at all', async () => {
  const shell = aShell()
  shell.put('other.json', { server: { data: 'other' } })
  const terminal = terminalIn(shell.folder)
  expect(await dataFolder({ config: 'other.json' }, terminal)).toBe(join(shell.folder, 'other'))
  expect(await dataFolder({ data: '/var/lib/x', config: 'gone.json' }, terminal)).toBe('/var/lib/x')
  expect(await dataFolder({ data: 'near' }, terminal)).toBe(join(shell.folder, 'near'))
})

test('a broken hooks file does not keep anybody from looking at runs', async () => {
  const shell = aShell()
  shell.put('hooks.json', '{ "hooks": { "blog": ')
  expect(await dataFolder({}, terminalIn(shell.folder))).toBe(join(shell.folder, '.runhook'))
})

test.each<[string, unknown, Environment]>([
  ['no word of it', {}, {}],
  ['a folder', { server: { data: 'kept' } }, {}],
  ['an absolute folder', { server: { data: '/var/lib/runhook' } }, {}],
  ['a variable of .env', { server: { data: `\${DATA}/here` } }, {}],
  ['a variable of the environment', { server: { data: `\${BASE}/here` } }, { BASE: '/srv/base' }],
  ['a default', { server: { data: `\${NOWHERE:-fallback}` } }, {}],
  ["systemd's state folder", {}, { STATE_DIRECTORY: '/var/lib/one:/var/lib/two' }],
  ["systemd's state folder and a folder", { server: { data: 'd' } }, { STATE_DIRECTORY: '/v' }],
])('the command line and the server agree on the data folder: %s', async (_, file, environment) => {
  const shell = aShell()
  shell.put('hooks.json', { ...(file as object), hooks })
  shell.put('.env', `DATA=/srv/data\nHELLO_SECRET=${'s'.repeat(32)}\n`)
  const { config } = await loadConfig(join(shell.folder, 'hooks.json'), { environment })
  expect(await dataFolder({}, terminalIn(shell.folder, environment))).toBe(config?.server.data)
})

test('a hooks file that was named and is not there is told as that', async () => {
  const shell = aShell()
  expect(await shell.run('runs', '--config', 'gone.json')).toMatchObject({
    code: 5,
    talk: `error: There is no hooks file at ${shell.folder}/gone.json, and no server beside it. Name that of the server with --config FILE, or its data folder with --data FOLDER.\n`,
  })
  expect((await shell.run('runs')).talk).toContain('No server answers')
})
