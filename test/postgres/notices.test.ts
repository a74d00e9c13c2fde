import { expect, test } from 'vitest'
import { Notices, payloadsOf, type Word, wordsOf } from '../../src/postgres/notices.ts'
import { until } from '../some.ts'

/** Stands for the database: what it was asked to send, and when it answers. */
function aSender(answer: () => Promise<void> = async () => undefined) {
  const sent: string[][] = []
  const query = async (_sql: string, [, payloads]: readonly unknown[] = []) => {
    sent.push(payloads as string[])
    await answer()
    return []
  }
  return { sent, query }
}

test('words of one moment are sent together, each once', async () => {
  const database = aSender()
  const notices = new Notices(database)
  for (let times = 0; times < 3; times++) {
    notices.tell({ kind: 'move', run: 12 }, { kind: 'wake', queue: 'label.web' })
  }
  notices.tell({ kind: 'move', run: 13 }, { kind: 'output', run: 12 })
  await notices.close()
  expect(database.sent).toEqual([['move 12 13\noutput 12\nwake label.web']])
})

test('what is told while words are on their way is sent after them', async () => {
  const gate = Promise.withResolvers<void>()
  const database = aSender(() => gate.promise)
  const notices = new Notices(database)
  notices.tell({ kind: 'move', run: 1 })
  await until(() => database.sent.length === 1)
  notices.tell({ kind: 'move', run: 2 })
  notices.tell({ kind: 'move', run: 3 })
  gate.resolve()
  await notices.close()
  expect(database.sent).toEqual([['move 1'], ['move 2 3']])
})

test('words that a database does not take are lost, and the next ones go', async () => {
  const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve()]
  const database = aSender(() => answers.shift()?.() ?? Promise.resolve())
  const notices = new Notices(database)
  notices.tell({ kind: 'move', run: 1 })
  await notices.close()
  notices.tell({ kind: 'move', run: 2 })
  await notices.close()
  expect(database.sent).toEqual([['move 1'], ['move 2']])
})

test('no payload is longer than the server takes, and every word arrives', () => {
  const runs = Array.from({ length: 5000 }, (_, index) => 1_000_000 + index)
  const queue = `worker.${'w'.repeat(60)}`
  const payloads = payloadsOf([...runs.map((run) => `output ${run}`), `wake ${queue}`])
  expect(Math.max(...payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThan(8000)
  const words: Word[] = runs.map((run) => ({ kind: 'output', run }))
  expect(payloads.flatMap(wordsOf)).toEqual([...words, { kind: 'wake', queue }])
})

test('what another release or another program says is left out', () => {
  expect(wordsOf('')).toEqual([])
  expect(wordsOf('rest 12\nmove 12 x -1 1e3 99999999999999999999 13\nmove\n\n{"a":1}')).toEqual([
    { kind: 'move', run: 12 },
    { kind: 'move', run: 13 },
  ])
})
