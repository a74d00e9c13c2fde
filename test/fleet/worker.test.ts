import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import type { FleetWorker } from '../../src/fleet/worker.ts'
import { silentLog } from '../../src/log.ts'
import type { Step } from '../../src/model/hook.ts'
import { UnreadableRow } from '../../src/record/rows.ts'
import { shell } from '../run/runs.ts'
import { aDirectory, aHook, until } from '../some.ts'
import { MemoryClaims } from './memory.ts'
import { buildWorker, type WorkerOptions } from './workers.ts'

interface Bench {
  readonly claims: MemoryClaims
  readonly worker: FleetWorker
  readonly folder: string
  readonly told: string[]
}

function aWorker(options: Partial<WorkerOptions> & { steps?: readonly Step[] } = {}): Bench {
  const { steps = [shell('true')], ...more } = options
  const folder = more.folder ?? aDirectory()
  const claims = more.claims ?? new MemoryClaims()
  const told: string[] = []
  const log = silentLog()
  const tell = (...words: unknown[]) => void told.push(String(words.at(-1)))
  Object.assign(log, { info: tell, warn: tell, error: tell })
  const built = buildWorker({ folder, claims, log, hooks: [{ steps }], ...more })
  onTestFinished(async () => {
    claims.reachable = true
    await built.worker.drain(0)
    await built.machine.close()
  })
  return { claims, worker: built.worker, folder, told }
}

/** Until there is a file `go`. */
const waiting = shell('echo >> began; while [ ! -e go ]; do sleep 0.02; done')
const began = (folder: string) =>
  existsSync(join(folder, 'began')) ? readFileSync(join(folder, 'began'), 'utf8').length : 0
const go = (folder: string) => writeFileSync(join(folder, 'go'), '')
const ended = (claims: MemoryClaims, id = 1) => until(() => claims.ends.get(id), `the end of ${id}`)

test('a run that waits is taken, carried out and ended, with the text that was used', async () => {
  const { claims, worker } = aWorker({ steps: [shell('echo hello')] })
  claims.add()
  await worker.start()
  expect(await ended(claims)).toMatchObject({ status: 'success', outputBytes: 6, plan: null })
  expect(claims.begun).toEqual([{ id: 1, config: aHook().config }])
})

test('it takes no more than it has slots for, and the next as soon as one has ended', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting], slots: 2 })
  for (let count = 0; count < 5; count++) claims.add()
  await worker.start()
  await until(() => began(folder) === 2)
  await new Promise((resolve) => setTimeout(resolve, 1200)) // a poll later
  expect([began(folder), claims.waiting.length, worker.running]).toEqual([2, 3, 2])
  go(folder)
  for (let id = 1; id <= 5; id++) await ended(claims, id)
})

test('a run that comes later is found by a word, and without one by looking', async () => {
  const { claims, worker } = aWorker()
  await worker.start()
  claims.add()
  worker.hear({ kind: 'wake', queue: 'label.default' })
  await ended(claims)
  claims.add()
  await ended(claims, 2)
})

test('a hook that its own hooks file does not have is not run, and the run says so', async () => {
  const { claims, worker } = aWorker()
  claims.add({ hook: 'blog', config: 'beef' })
  await worker.start()
  expect(await ended(claims)).toMatchObject({
    status: 'failure',
    reason: 'worker web-1 has no hook "blog" in its hooks file',
    plan: null,
  })
  expect(claims.begun).toEqual([{ id: 1, config: 'beef' }])
})

test('what it may not run it does not run, whatever the hook says of retries', async () => {
  const { claims, worker, folder } = aWorker({
    hooks: [{ steps: [shell('touch ran')], retry: { times: 3, delayMs: 0, on: ['failure'] } }],
    refusal: async (hook, { run }) => `${hook?.name} #${run.id} is not allowed here`,
  })
  claims.add()
  await worker.start()
  const reason = 'deploy-site #1 is not allowed here'
  expect(await ended(claims)).toMatchObject({ status: 'failure', reason, plan: null })
  expect(existsSync(join(folder, 'ran'))).toBe(false)
})

test('a second job for a run that goes on neither starts it again nor takes the place of the first', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting], leaseMs: 10_000 })
  const run = claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  claims.waiting.push(run) // by a hand in the database
  worker.wake()
  await until(() => claims.waiting.length === 0, 'it to be claimed')
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(began(folder)).toBe(1)
  claims.cancel.set(run.id, 'cancelled by ada')
  worker.hear({ kind: 'cancel', run: run.id })
  expect(await ended(claims)).toMatchObject({ status: 'cancelled' })
})

test('a run that the database can say nothing sensible of is given up, and its slot is free', async () => {
  const { claims, worker, told } = aWorker({ slots: 1 })
  const begin = claims.begin.bind(claims)
  claims.begin = async (claim, config) => {
    if (claim.runId === 1) throw new UnreadableRow('inputs', 'no JSON of ours')
    return begin(claim, config)
  }
  claims.add()
  claims.add()
  await worker.start()
  await ended(claims, 2)
  expect(claims.ends.get(1)).toMatchObject({ status: 'failure', plan: null })
  expect(claims.ends.get(1)?.reason).toMatch('unreadable "inputs"')
  expect(told.filter((line) => /#1 is given up/.test(line))).toHaveLength(1)
})

test('a failure is written with the retry that its hook asks for', async () => {
  const retry = { times: 1, delayMs: 5000, on: ['failure' as const] }
  const { claims, worker } = aWorker({ hooks: [{ steps: [shell('exit 3')], retry }] })
  claims.add()
  await worker.start()
  const { status, plan } = await ended(claims)
  expect([status, plan?.says]).toEqual(['failure', 'retry 1 of 1 in 5s'])
})

test('steps are told while they run, and none after the end', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting, shell('true')] })
  claims.add()
  await worker.start()
  await until(() => claims.steps.length > 0)
  expect(claims.steps).toMatchObject([{ runId: 1, step: { number: 1, status: null } }])
  go(folder)
  const { steps } = await ended(claims)
  expect(steps.map(({ status }) => status)).toEqual(['success', 'success'])
  const told = claims.steps.length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(claims.steps.length).toBe(told)
})

test('a cancel that comes with a renewal ends the run, and a word brings the renewal', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting] })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  claims.cancel.set(1, 'cancelled by ada')
  worker.hear({ kind: 'cancel', run: 1 })
  expect(await ended(claims)).toMatchObject({ status: 'cancelled', reason: 'cancelled by ada' })
})

test('the end of a run is written once the database is back, and told is its absence once', async () => {
  const { claims, worker, folder, told } = aWorker({ steps: [waiting] })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  claims.reachable = false
  go(folder)
  await until(() => told.some((line) => line.includes('success in')))
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(claims.ends.size).toBe(0)
  claims.reachable = true
  expect(await ended(claims)).toMatchObject({ status: 'success' })
  expect(told.filter((line) => line.includes('It is asked again until it answers'))).toHaveLength(1)
})

test('cut off for half of its lease it ends its runs, and takes others when it is back', async () => {
  let caughtUp = 0
  const catchUp = async () => void caughtUp++
  const { claims, worker, folder } = aWorker({ steps: [waiting], leaseMs: 3000, catchUp })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  expect(caughtUp).toBe(1)
  claims.reachable = false
  claims.add()
  await until(() => worker.running === 0, 'the end of the command')
  expect(claims.ends.size).toBe(0)
  await new Promise((resolve) => setTimeout(resolve, 2000)) // beyond two thirds
  go(folder)
  claims.reachable = true
  expect(await ended(claims)).toMatchObject({
    status: 'interrupted',
    reason: 'worker web-1 could not reach the database for 1s500ms, so that another may take over',
  })
  expect(await ended(claims, 2)).toMatchObject({ status: 'success' })
  expect(caughtUp).toBe(2) // others took it to be away, and passed it by
})

test('the end of a run whose claim was lost is not written, and the worker goes on', async () => {
  const { claims, worker, folder, told } = aWorker({ steps: [waiting], leaseMs: 3000 })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  claims.lost.add(1)
  await until(() => worker.running === 0, 'the end of the command')
  expect(told).toContain('    lost to others, and ended here: 1')
  go(folder)
  claims.add()
  await ended(claims, 2)
  expect(claims.ends.has(1)).toBe(false)
})

test('a run whose end was written, though no answer came, is not called lost', async () => {
  const claims = new MemoryClaims()
  claims.finish = async ({ runId }) => {
    claims.lost.add(runId) // its job is gone: so it looks when its lease is to be renewed
    throw new RunhookError('storage', 'The database cannot be used: the connection is gone.')
  }
  const { worker, told } = aWorker({ claims, leaseMs: 3000 })
  claims.add()
  await worker.start()
  await until(() => claims.lost.has(1), 'its end')
  const before = claims.beats
  await until(() => claims.beats > before + 1, 'renewals')
  expect(told.filter((line) => line.includes('lost to others'))).toEqual([])
})

test('a worker that was removed while it was away registers again, and has lost what it had', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting], leaseMs: 3000 })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  claims.forgotten = true
  await until(() => claims.registrations === 2)
  await until(() => worker.running === 0)
  go(folder)
  claims.add()
  await ended(claims, 2)
  expect(claims.ends.has(1)).toBe(false)
})

test('a database that is away at the start is waited for', async () => {
  const claims = new MemoryClaims()
  claims.reachable = false
  const { worker } = aWorker({ claims })
  const started = worker.start()
  claims.add()
  await new Promise((resolve) => setTimeout(resolve, 100))
  claims.reachable = true
  await started
  await ended(claims)
})

test('a name that another worker has is asked for until that one is lost', async () => {
  const claims = new MemoryClaims()
  claims.taken = true
  const { worker, told } = aWorker({ claims })
  const started = worker.start()
  await until(() => claims.registrations > 0)
  claims.taken = false
  await started
  expect(told.filter((line) => line.includes('its name is free within 40s'))).toHaveLength(1)
})

test('what an earlier life had begun waits again if its command did not start, else it is interrupted', async () => {
  const folder = aDirectory()
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'started'), '7\n')
  const claims = new MemoryClaims()
  const run = (id: number) => ({ ...claims.add(), id })
  claims.former = [run(7), run(8)]
  claims.waiting.length = 0
  const { worker } = aWorker({ folder, claims })
  await worker.start()
  expect(claims.settled.get(7)).toMatchObject({
    started: true,
    end: {
      status: 'interrupted',
      reason: 'worker web-1 went away while it was running; it was not run again',
    },
  })
  expect(claims.settled.get(8)).toMatchObject({ started: false })
})

test('a drain takes nothing more, lets what runs end, and signs off', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting] })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  const drained = worker.drain(30_000)
  claims.add()
  await new Promise((resolve) => setTimeout(resolve, 1200))
  go(folder)
  await drained
  expect(claims.ends.get(1)).toMatchObject({ status: 'success' })
  expect([claims.left, claims.waiting.length]).toEqual([true, 1])
})

test('a drain that was long enough interrupts what runs', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting] })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  const drained = worker.drain(30_000)
  worker.hurry()
  await drained
  const reason = 'worker web-1 was stopped while it was running'
  expect(claims.ends.get(1)).toMatchObject({ status: 'interrupted', reason })
})

test('a stop while the database is away takes seconds, not for ever', async () => {
  const { claims, worker, folder } = aWorker({ steps: [waiting] })
  claims.add()
  await worker.start()
  await until(() => began(folder) === 1)
  claims.reachable = false
  await worker.drain(0)
  expect([claims.ends.size, claims.left]).toEqual([0, false])
})
