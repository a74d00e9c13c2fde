import { expect, onTestFinished } from 'vitest'
import { tellMoves } from '../../src/fleet/moves.ts'
import type { Listener } from '../../src/postgres/listen.ts'
import { Moves } from '../../src/show/moves.ts'
import { onPostgres } from '../postgres/database.ts'
import { aProcess, aRunningRun, endRun, type FleetProcess, noteStep } from '../postgres/fleet.ts'
import { until } from '../some.ts'

const deaf: Pick<Listener, 'join'> = { join: () => () => undefined }

/** The watchers of a process, and how often each run's was woken. */
function watchersOf(
  { database, listener }: FleetProcess,
  { ear = listener, pollMs = 3_600_000 }: { ear?: Pick<Listener, 'join'>; pollMs?: number } = {},
) {
  const moves = new Moves()
  onTestFinished(tellMoves({ moves, listener: ear, database, pollMs }))
  const woken = new Map<number, number>()
  const watch = (runId: number) =>
    moves.watch(runId, () => void woken.set(runId, (woken.get(runId) ?? 0) + 1))
  return { watch, woken }
}

onPostgres('a watcher is woken by the word of another process, of his run alone', async () => {
  const here = await aProcess()
  const worker = await aProcess(here.url)
  const { watch, woken } = watchersOf(here)
  await until(() => here.listener.hears)
  watch(7)
  watch(8)
  worker.notices.tell(
    { kind: 'output', run: 8 },
    { kind: 'move', run: 9 },
    { kind: 'move', run: 7 },
  )
  await until(() => woken.has(7), 'the word')
  expect([...woken]).toEqual([[7, 1]])
})

onPostgres('all watchers are woken when words may have been lost', async () => {
  const here = await aProcess()
  const { watch, woken } = watchersOf(here)
  await until(() => here.listener.hears)
  watch(7)
  watch(8)
  await here.database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%listens'`,
  )
  await until(() => woken.has(7) && woken.has(8), 'the reconnection')
})

onPostgres('moves whose words were lost are found by asking: start, steps and end', async () => {
  const here = await aProcess()
  await aRunningRun(here, 7)
  const { watch, woken } = watchersOf(here, { ear: deaf, pollMs: 50 })
  const leave = watch(7)
  const moved = [
    () => Promise.resolve(), // he may have looked before something happened
    () => noteStep(here, 7, 1, null),
    () => noteStep(here, 7, 1, 5),
    () => noteStep(here, 7, 2, null),
    () => endRun(here, 7),
  ]
  for (const [index, move] of moved.entries()) {
    await move()
    await until(() => woken.get(7) === index + 1, `move ${index}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(woken.get(7)).toBe(index + 1)
  }
  leave()
})
