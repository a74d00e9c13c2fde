/** Workers that go away in the middle of a run, in each of the ways there are, and others that take over. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { onPostgres } from '../postgres/database.ts'
import { aDirectory, aHook, until } from '../some.ts'
import { aFleet, aWorkerProcess } from './processes.ts'

const LEASE_S = 10

/** Writes what it does, with the time since boot; the first run of all goes on until it is ended. */
function site(folder: string) {
  const now = '$(cut -d" " -f1 /proc/uptime)'
  const say = (word: string) => `echo "${word} $RUNHOOK_RUN ${now}" >> ${folder}/journal`
  const go = `while [ ! -e ${folder}/go ]; do ${say('at')}; sleep 0.05; done`
  const first = `if mkdir ${folder}/first; then ${go}; fi`
  const run = `exec 9>${folder}/lock; flock -n 9 || ${say('overlap')}; ${say('start')}; ${first}; sleep 0.2; ${say('end')}`
  const retry = { times: 3, delay: '100ms', on: 'interrupted' }
  return { repo: 'github:acme/site', on: 'push', secret: `\${SITE_SECRET}`, run, retry }
}

const sideBySide = aHook({
  name: 'quick',
  concurrency: { group: null, cancelInProgress: false, queue: 'max' },
})

interface Entry {
  readonly word: string
  readonly run: number
  readonly at: number
}

function journal(folder: string): Entry[] {
  const path = join(folder, 'journal')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => {
    const [word = '', marker = '', at] = line.split(' ')
    return { word, run: Number(marker.split(':')[1]), at: Number(at) }
  })
}

const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])

async function twoWorkers() {
  const folder = aDirectory()
  const fleet = await aFleet()
  const quick = { ...site(folder), run: 'true', concurrency: false }
  const hooks = { site: site(folder), quick }
  const workers = [
    await aWorkerProcess({ url: fleet.url, name: 'web-1', hooks }),
    await aWorkerProcess({ url: fleet.url, name: 'web-2', hooks }),
  ]
  const [first = 0] = await fleet.push(aHook({ name: 'site' }))
  await until(() => journal(folder).some(({ word }) => word === 'at'), 'the first run')
  const { worker: name } = (await fleet.store.run(first)) ?? {}
  const busy = workers[name === 'web-1' ? 0 : 1]
  if (busy === undefined) throw new Error('nobody has it')
  return { folder, fleet, first, name, busy }
}

/** Its end, its retry, and that these did not overlap. */
async function takenOver({ folder, fleet, first, name }: Awaited<ReturnType<typeof twoWorkers>>) {
  const ended = await until(
    async () => {
      const run = await fleet.store.run(first)
      return run?.finishedAt ? run : null
    },
    'the end of the first',
    40_000,
  )
  expect(ended.status).toBe('interrupted')
  expect(ended.reason).toContain(`worker ${name} gave no sign of life for ${LEASE_S}s`)
  const next = await until(async () => {
    const [run] = await fleet.store.runs({ limit: 1 })
    return run && run.id !== first && run.finishedAt ? run : null
  }, 'the run after')
  expect(next).toMatchObject({ status: 'success', retry: { run: first, number: 1 } })
  expect(next.worker).not.toBe(name)
  const entries = journal(folder)
  expect(entries.filter(({ word }) => word === 'overlap')).toEqual([])
  const last = Math.max(...entries.filter(({ run }) => run === first).map(({ at }) => at))
  const start = entries.find(({ word, run }) => word === 'start' && run === next.id)?.at ?? 0
  expect(start).toBeGreaterThan(last)
  return { last, start }
}

onPostgres(
  'the run of a worker that is killed -9 is taken over after its lease',
  async () => {
    const given = await twoWorkers()
    given.busy.child.kill('SIGKILL')
    const killedAt = uptime()
    const { last, start } = await takenOver(given)
    expect(last).toBeLessThan(killedAt + 5) // by the guard, long before
    expect(start).toBeGreaterThan(killedAt + LEASE_S * (1 - 1 / 6) - 1)
  },
  90_000,
)

onPostgres(
  'what a frozen worker runs has ended before it is taken over, and it works on',
  async () => {
    const given = await twoWorkers()
    const { busy, fleet } = given
    busy.child.kill('SIGSTOP')
    const { last, start } = await takenOver(given)
    expect(start - last).toBeGreaterThan(0.5)
    busy.child.kill('SIGCONT')
    // Whichever it sees first: that its claim is gone, or its command.
    const thawed = /lost to others, and ended here: \d|site #\d+ (failure|interrupted) in/
    await until(() => thawed.test(busy.output()), 'the thaw')
    const runs: number[] = []
    for (let count = 0; count < 6; count++) runs.push(...(await fleet.push(sideBySide)))
    const ended = await until(async () => {
      const all = await Promise.all(runs.map((id) => fleet.store.run(id)))
      return all.every((run) => run?.finishedAt) ? all : null
    }, 'the runs after')
    expect(ended.map((run) => run?.status)).toEqual(runs.map(() => 'success'))
  },
  120_000,
)

onPostgres(
  'a worker that is stopped lets its run end, signs off and is gone',
  async () => {
    const { folder, fleet, first, busy } = await twoWorkers()
    const stopped = busy.stop('SIGTERM')
    await until(() => busy.output().includes('1 running get 60s to end'))
    writeFileSync(join(folder, 'go'), '')
    expect(await stopped).toBe(0)
    expect(await fleet.store.run(first)).toMatchObject({ status: 'success' })
  },
  60_000,
)

onPostgres(
  'a second worker of the same name ends, when the first has outlived the wait for it',
  async () => {
    const { url } = await aFleet()
    const hooks = { quick: { on: 'manual', run: 'true' } }
    await aWorkerProcess({ url, name: 'web-1', hooks })
    const second = await aWorkerProcess({ url, name: 'web-1', hooks, starting: true })
    expect(await second.exited).toBe(1)
    expect(second.output()).toContain('its name is free within 20s; waiting')
    expect(second.output()).toContain('error: A worker named "web-1" is alive already')
  },
  60_000,
)
