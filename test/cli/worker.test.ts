import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OwnFolder } from '../../src/record/own-folder.ts'
import { runhook } from '../running.ts'
import { aDirectory, SECRET } from '../some.ts'

function aFolder(server: Record<string, unknown> = {}): string {
  const directory = aDirectory()
  const hooks = { hello: { on: 'manual', secret: SECRET, run: 'true' } }
  writeFileSync(join(directory, 'hooks.json'), JSON.stringify({ server, hooks }), { mode: 0o600 })
  return directory
}

test('a worker without a database does not start, and says why', async () => {
  const { code, stderr } = await runhook(aFolder(), ['worker'])
  expect(code).toBe(78)
  expect(stderr).toContain('lacks "database"')
  expect(stderr).toContain('hooks.json has mistakes; nothing was started.')
})

test('a server that leaves something to others needs a database', async () => {
  const directory = aFolder()
  const port = ['--port', '0']
  const part = await runhook(directory, ['serve', ...port, '--only', 'receive,run'])
  expect(part.code).toBe(2)
  expect(part.stderr).toContain(
    '--only receive,run leaves show to others, and the hooks file has no database in which they could meet.',
  )
  const receiver = await runhook(directory, ['serve', ...port, '--only', 'receive'])
  expect(receiver.code).toBe(78)
  expect(receiver.stderr).toContain('lacks "database"')
})

test('roles, labels and numbers that are none are told as mistakes of the command line', async () => {
  const directory = aFolder()
  const told = async (...args: string[]) => {
    const { code, stderr } = await runhook(directory, args)
    expect(code).toBe(2)
    return stderr
  }
  expect(await told('serve', '--only', 'receive,fly')).toContain(
    'Write some of receive,show,run; fly is none of them.',
  )
  expect(await told('worker', '--labels', 'web,,eu')).toContain('Write labels such as web,eu.')
  expect(await told('worker', '--parallel', '0')).toContain('Write a number from 1 to 9999.')
})

test('what it ever runs can be said by a file that the hooks file knows nothing of', async () => {
  const directory = aFolder({ database: 'postgres://nobody@127.0.0.1:1/none' })
  const file = join(directory, 'allow.json')
  for (const verb of ['worker', 'serve']) {
    const absent = await runhook(directory, [verb, '--allow', file])
    expect(absent.code).toBe(78)
    expect(absent.stderr).toContain(`--allow: ${file} cannot be read: it does not exist.`)
  }
  writeFileSync(file, '{ "hello": [] }', { mode: 0o644 })
  const folder = new OwnFolder(join(directory, '.runhook')) // so that it goes no further
  const { stdout, stderr } = await runhook(directory, ['worker', '--allow', file])
  folder.close()
  expect(stdout + stderr).toContain('Another runhook is using the data directory')
})

test('two workers do not share a data folder', async () => {
  const directory = aFolder({ database: 'postgres://nobody@127.0.0.1:1/none' })
  const folder = new OwnFolder(join(directory, '.runhook'))
  const { code, stderr } = await runhook(directory, ['worker'])
  folder.close()
  expect(code).toBe(78)
  expect(stderr).toContain('Another runhook is using the data directory')
})
