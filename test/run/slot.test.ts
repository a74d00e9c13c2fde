import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { PipePool } from '../../src/run/pipe.ts'
import { startProcess } from '../../src/run/process.ts'
import { jobText, quoted } from '../../src/run/slot.ts'
import { Slots } from '../../src/run/slots.ts'
import { aDirectory, until } from '../some.ts'

const PATH = '/usr/local/bin:/usr/bin:/bin'

function aPlace() {
  const directory = aDirectory()
  const pipes = new PipePool(join(directory, 'pipes'))
  const slots = new Slots()
  onTestFinished(() => slots.close())
  const run = async (
    argv: readonly [string, ...string[]],
    env: Record<string, string> = {},
    timeoutMs = 60_000,
  ) => {
    let output = Buffer.alloc(0)
    const spec = { argv, workingDirectory: directory, env: { PATH, ...env } }
    const take = (chunk: Buffer) => {
      output = Buffer.concat([output, chunk])
    }
    const options = { timeoutMs, graceMs: 300, slots }
    const ended = await startProcess(spec, pipes, take, options).ended
    return { ...ended, output: output.toString() }
  }
  return { directory, slots, run }
}

/** Of the shell that started it. */
const parent = ['sh', '-c', 'echo $PPID'] as const

test('one shell starts many commands, one after the other', async () => {
  const { run } = aPlace()
  const shells = new Set<string>()
  for (let i = 0; i < 50; i++) shells.add((await run(parent)).output)
  expect(shells.size).toBe(1)
})

test('whatever a word holds arrives as it is, as an argument and as a variable', async () => {
  const { run, directory } = aPlace()
  const canary = join(directory, 'canary')
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.stringMatching(/^['"`$(){};&|<>\\\n\r\t *?[\]#~=%!a-]{0,40}$/),
    fc.constantFrom("'; touch canary; '", '$(touch canary)', '`touch canary`', "'\\''", '\\', "'"),
  )
  const word = nasty.filter((text) => !text.includes('\0') && text.isWellFormed())
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), word, async (args, value) => {
      const show = 'printf "%s\\0" "$VALUE" "$@"'
      const { output } = await run(['sh', '-c', show, 'sh', ...args], { VALUE: value })
      expect(output.split('\0').slice(0, -1)).toEqual([value, ...args])
    }),
    { numRuns: 500 },
  )
  expect(existsSync(canary)).toBe(false)
}, 60_000)

test('a word in quotes is one word of the shell', () => {
  expect(quoted("it's")).toBe("'it'\\''s'")
  const spec = { argv: ['a b'], workingDirectory: '/x', env: { A: '$(id)' } } as const
  const job = jobText({ spec, fifo: '/pipes/1', started: null, limited: false })
  expect(job).toContain(`export A='$(id)'\nexec 'a b') </dev/null >'/pipes/1' 2>&1\n`)
})

test('a shell that was killed is replaced, and its command has ended by that signal', async () => {
  const { run } = aPlace()
  const { output: first } = await run(parent)
  expect(await run(['sh', '-c', 'kill -KILL $PPID; sleep 5'])).toMatchObject({
    exitCode: null,
    signal: 'SIGKILL',
  })
  const { output: second } = await run(parent)
  expect(second).not.toBe(first)
})

test('a shell that was stopped reports nothing, and holds up no timeout', async () => {
  const { run } = aPlace()
  const ended = await run(['sh', '-c', 'kill -STOP $PPID; echo x'], {}, 500)
  expect(ended).toMatchObject({ endedBy: 'timeout', output: 'x\n' })
  expect(await run(['echo', 'next'])).toMatchObject({ exitCode: 0, output: 'next\n' })
})

test('a signal that a command sends to its whole group does not end its shell', async () => {
  const { run } = aPlace()
  const script = 'trap "echo got" USR1; kill -USR1 0; sleep 0.2; echo fine'
  expect(await run(['sh', '-c', script])).toMatchObject({ exitCode: 0, output: 'got\nfine\n' })
})

test('an exit code above 128 is not taken for a signal, nor a signal for an exit code', async () => {
  const { run } = aPlace()
  expect(await run(['sh', '-c', 'exit 143'])).toMatchObject({ exitCode: 143, signal: null })
  expect(await run(['sh', '-c', 'kill -TERM $$'])).toMatchObject({
    exitCode: null,
    signal: 'SIGTERM',
  })
  expect(await run(['sh', '-c', 'exit 255'])).toMatchObject({ exitCode: 255, signal: null })
})

test('no variable stands where ps shows it', async () => {
  const { run } = aPlace()
  const running = run(['sleep', '1'], { CANARY: 'canary-value' })
  const all = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
  await until(() => all().includes('sleep 1'))
  expect(all()).not.toContain('canary-value')
  await running
})

test('waiting shells end with the server', async () => {
  const { run, slots } = aPlace()
  const pid = Number((await run(parent)).output)
  slots.close()
  await until(() => !existsSync(`/proc/${pid}`), 'the end of the shell')
})
