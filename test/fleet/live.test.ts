import { expect, onTestFinished } from 'vitest'
import { tellMoves } from '../../src/fleet/moves.ts'
import { PostgresOutputLog } from '../../src/postgres/output.ts'
import { type EventParts, type RunEvent, runEvents } from '../../src/show/events.ts'
import { Moves } from '../../src/show/moves.ts'
import { bytesOf } from '../../src/show/output.ts'
import { aServer, onPostgres } from '../postgres/database.ts'
import {
  aProcess,
  aRunningRun,
  endRun,
  type FleetProcess,
  noteStep,
  rowsOf,
} from '../postgres/fleet.ts'
import { collect } from '../record/output-contract.ts'
import { until } from '../some.ts'

/** What the pages of a receiver show runs by. */
function pagesOf(process: FleetProcess, pollMs = 2000): EventParts {
  const { database, listener } = process
  const moves = new Moves()
  onTestFinished(tellMoves({ moves, listener, database, pollMs }))
  const store = rowsOf(database)
  const output = new PostgresOutputLog(database, process)
  return { store, output, control: { watch: moves.watch.bind(moves), steps: store.steps } }
}

/** Events as a page shows them, as they come. */
function shown(parts: EventParts, runId: number, from = 0) {
  const events: RunEvent[] = []
  const done = (async () => {
    for await (const event of runEvents(parts, runId, from, new AbortController().signal)) {
      events.push(event)
    }
  })()
  return { events, done }
}

const inWords = (event: RunEvent) => {
  if ('output' in event) return event.output
  if ('step' in event) return `step ${event.step.number} ${event.step.status ?? 'begins'}`
  return 'end' in event ? event.end.status : event.run.status
}

async function step(worker: FleetProcess, runId: number, number: number, at: number, to?: number) {
  await noteStep(worker, runId, number, to ?? null, at)
  worker.notices.tell({ kind: 'move', run: runId })
}

onPostgres(
  'a run on one machine is shown as it goes on by every other, steps and output in order',
  async () => {
    const worker = await aProcess()
    const receivers = [await aProcess(worker.url), await aProcess(worker.url)]
    await aRunningRun(worker, 7)
    const pages = receivers.map((receiver) => shown(pagesOf(receiver), 7))
    const allShow = (words: string) =>
      until(
        () => pages.every(({ events }) => events.map(inWords).join('\n').includes(words)),
        words,
      )
    await allShow('running')
    const writer = new PostgresOutputLog(worker.database, worker).open(7)
    await step(worker, 7, 1, 0)
    await allShow('step 1 begins')
    writer.write(Buffer.from('pulled\n'))
    await allShow('pulled')
    await step(worker, 7, 1, 0, 7)
    await allShow('step 1 success')
    await step(worker, 7, 2, 7)
    await allShow('step 2 begins')
    writer.write(Buffer.from('migrated\n'))
    await writer.close()
    await step(worker, 7, 2, 7, 16)
    await endRun(worker, 7)
    await Promise.all(pages.map(({ done }) => done))
    for (const { events } of pages) {
      expect(events.map(inWords)).toEqual([
        'running',
        'step 1 begins',
        'pulled\n',
        'step 1 success',
        'step 2 begins',
        'migrated\n',
        'step 2 success',
        'success',
      ])
    }
  },
)

onPostgres(
  'the output of a run that is over at once comes after its step, which is known with its end',
  async () => {
    const worker = await aProcess()
    await aRunningRun(worker, 7)
    const page = shown(pagesOf(await aProcess(worker.url)), 7)
    await until(() => page.events.length > 0, 'the run')
    const writer = new PostgresOutputLog(worker.database, worker).open(7)
    writer.write(Buffer.from('deployed\n'))
    await writer.close()
    await new Promise((resolve) => setTimeout(resolve, 300)) // longer than a reader needs to find it
    await noteStep(worker, 7, 1, 9)
    await endRun(worker, 7)
    await page.done
    expect(page.events.map(inWords)).toEqual(['running', 'step 1 success', 'deployed\n', 'success'])
  },
)

onPostgres(
  'what a step wrote is told after the step also when the word of it was lost',
  async () => {
    const worker = await aProcess()
    await aRunningRun(worker, 7)
    const receiver = await aProcess(worker.url)
    await until(() => receiver.listener.hears)
    const page = shown(pagesOf(receiver, 3_600_000), 7)
    await until(() => page.events.length === 1, 'the run')
    await step(worker, 7, 1, 0)
    await until(() => page.events.length === 2, 'the first step')
    const writer = new PostgresOutputLog(worker.database, worker).open(7)
    await noteStep(worker, 7, 1, 0)
    await noteStep(worker, 7, 2, null)
    writer.write(Buffer.from('migrated\n'))
    await until(() => page.events.some((event) => 'output' in event), 'its output')
    expect(page.events.map(inWords)).toEqual([
      'running',
      'step 1 begins',
      'step 1 success',
      'step 2 begins',
      'migrated\n',
    ])
  },
)

onPostgres(
  'a reader whose receiver went away goes on at another one where he stopped',
  async () => {
    const worker = await aProcess()
    const [one, two] = [await aProcess(worker.url), await aProcess(worker.url)]
    await aRunningRun(worker, 7)
    const writer = new PostgresOutputLog(worker.database, worker).open(7)
    const leaving = new AbortController()
    writer.write(Buffer.from('first part, '))
    let had = ''
    for await (const bytes of bytesOf(pagesOf(one), 7, 0, leaving.signal)) {
      had += Buffer.from(bytes).toString()
      leaving.abort()
    }
    expect(had).toBe('first part, ')
    const rest = collect(bytesOf(pagesOf(two), 7, had.length, new AbortController().signal))
    writer.write(Buffer.from('second part'))
    await writer.close()
    await endRun(worker, 7)
    expect(had + (await rest)).toBe('first part, second part')
  },
)

onPostgres('output is followed over a restart of the database, and to its end', async () => {
  const server = await aServer()
  const url = await server.createDatabase()
  const [worker, receiver] = [await aProcess(url), await aProcess(url)]
  await aRunningRun(worker, 7)
  const writer = new PostgresOutputLog(worker.database, worker).open(7)
  const log = new PostgresOutputLog(receiver.database, receiver)
  const followed = collect(log.follow(7, 0))
  let all = ''
  for (let line = 0; line < 60; line++) {
    all += `line ${line}\n`
    writer.write(Buffer.from(`line ${line}\n`))
    if (line === 20) await server.restart('immediate')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(await writer.close()).toMatchObject({ cut: 0, problem: null })
  await endRun(worker, 7)
  expect(await followed).toBe(all)
})
