/** The program as a process of its own: what only a real process shows. */

import { spawn, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { aRun, aStep, aWorld, serveWorld } from '../show/world.ts'
import { until } from '../some.ts'

const MAIN = resolve('src/cli/main.ts')

function start(words: readonly string[], through = '') {
  const said = { out: '', talk: '' }
  const line = through === '' ? 'exec "$0" "$@"' : `"$0" "$@" | ${through}`
  const { PATH, HOME } = process.env
  const child = spawn('sh', ['-c', line, process.execPath, MAIN, ...words], {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.talk += text
  })
  const done = new Promise<number | null>((end) => child.once('close', (code) => end(code)))
  return { child, said, done }
}

test('an interrupted verb ends with 130', async () => {
  const world = aWorld()
  await serveWorld(world)
  world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  world.control = { steps: () => [aStep({ finishedAt: null, exitCode: null })] }
  const writer = world.output.open(142)
  writer.write(Buffer.from('begun\n'))
  const { child, said, done } = start(['logs', '142', '-f', '--data', world.data])
  await until(() => said.out.includes('begun'), 'the output')
  child.kill('SIGINT')
  expect(await done).toBe(130)
  expect(said.talk).toBe('')
  await writer.close()
})

test('a reader who stops reading gets no complaint', async () => {
  const world = aWorld()
  await serveWorld(world)
  world.runs.push(aRun())
  await world.wrote(142, 'a line of it\n'.repeat(70_000))
  const { said, done } = start(['logs', '142', '--data', world.data], 'head -n 1')
  expect(await done).toBe(0)
  expect(said).toEqual({ out: 'a line of it\n', talk: '' })
})

test('data goes to standard output, talk to standard error, and no colours into a pipe', async () => {
  const world = aWorld()
  await serveWorld(world)
  world.runs.push(aRun({ status: 'failure', exitCode: 3 }))
  await world.wrote(142, '\x1b[31mred\x1b[0m\n')
  const { said, done } = start(['logs', '--data', world.data])
  expect(await done).toBe(0)
  expect(said).toEqual({
    out: '\x1b[31mred\x1b[0m\n',
    talk: '#142 deploy-site\n✗ failure (3) in 2.9s\n',
  })
})

test('output of a megabyte arrives whole through a slow pipe', async () => {
  const world = aWorld()
  await serveWorld(world)
  world.runs.push(aRun())
  await world.wrote(142, Buffer.alloc(1_000_000, 'x'))
  const { said, done } = start(
    ['logs', '142', '--raw', '--data', world.data],
    '{ sleep 0.3; wc -c; }',
  )
  expect(await done).toBe(0)
  expect(said.out.trim()).toBe('1000000')
})

test('an older Node is refused, and the one that came along is named', async () => {
  const older = `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })`
  const words = ['--import', `data:text/javascript,${encodeURIComponent(older)}`, MAIN, 'runs']
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toBe(
    `error: runhook needs Node 24 or newer; this is 20.20.2 (${process.execPath}).\n` +
      `A newer one came along: PATH=${resolve('node_modules/node/bin')}:$PATH runhook …\n`,
  )
})

test('usage mistakes, and a server that is not there, have exit codes of their own', async () => {
  expect(await start(['rnus']).done).toBe(2)
  expect(await start(['runs', '--data', aWorld().data]).done).toBe(5)
})
