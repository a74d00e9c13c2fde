import { expect, onTestFinished } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import { FleetEnds } from '../../src/fleet/ends.ts'
import type { Listener } from '../../src/postgres/listen.ts'
import { aDatabase, aServer, onPostgres } from '../postgres/database.ts'
import { aProcess, aRunningRun, endRun, type FleetProcess, rowsOf } from '../postgres/fleet.ts'
import { until } from '../some.ts'

const stopping = new RunhookError('unreachable', 'The server is stopping.')
/** Stands for a connection on which every word is lost. */
const deaf: Pick<Listener, 'join'> = { join: () => () => undefined }

function endsOf(
  { database, listener }: FleetProcess,
  { ear = listener, pollMs }: { ear?: Pick<Listener, 'join'>; pollMs?: number } = {},
) {
  const store = rowsOf(database)
  const ends = new FleetEnds({ store, listener: ear, database, ...(pollMs && { pollMs }) })
  onTestFinished(() => ends.stop(stopping))
  return ends
}

onPostgres('who waits for a run hears how it ended, wherever that was written', async () => {
  const here = await aProcess()
  const worker = await aProcess(here.url)
  await aRunningRun(worker, 7)
  await until(() => here.listener.hears)
  const ends = endsOf(here, { pollMs: 3_600_000 })
  const both = Promise.all([ends.whenEnded(7), ends.whenEnded(7)])
  await new Promise((resolve) => setTimeout(resolve, 50))
  await endRun(worker, 7, 'failure')
  for (const end of await both) expect(end).toMatchObject({ status: 'failure', steps: [] })
})

onPostgres('a run that ended before anybody asked is told at once', async () => {
  const here = await aProcess()
  await aRunningRun(here, 7)
  await endRun(here, 7)
  const ends = endsOf(here, { ear: deaf, pollMs: 3_600_000 })
  expect(await ends.whenEnded(7)).toMatchObject({ status: 'success', exitCode: 0 })
})

onPostgres('a word that was lost costs no more than a poll', async () => {
  const here = await aProcess()
  await aRunningRun(here, 7)
  const ended = endsOf(here, { ear: deaf, pollMs: 100 }).whenEnded(7)
  await new Promise((resolve) => setTimeout(resolve, 50))
  await endRun(here, 7)
  expect(await ended).toMatchObject({ status: 'success' })
})

onPostgres('an end that came while the database was away is told when it is back', async () => {
  const server = await aServer()
  const here = await aProcess(await server.createDatabase())
  await aRunningRun(here, 7)
  const ended = endsOf(here).whenEnded(7)
  await server.restart('immediate')
  await until(
    () =>
      endRun(here, 7).then(
        () => true,
        () => false,
      ),
    'the end',
  )
  expect(await ended).toMatchObject({ status: 'success' })
})

onPostgres('a run that is not there is refused', async () => {
  const here = await aProcess(await aDatabase())
  await expect(endsOf(here).whenEnded(7)).rejects.toMatchObject({ code: 'not-found' })
})

onPostgres('who still waits when the server stops is told so', async () => {
  const here = await aProcess()
  await aRunningRun(here, 7)
  const ends = endsOf(here)
  const ended = ends.whenEnded(7)
  await ends.stop(stopping)
  await expect(ended).rejects.toBe(stopping)
})
