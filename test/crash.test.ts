/**
 * `kill -9` under load, again and again. What was acknowledged must be stored and must end in exactly one
 * final status; no command may run twice for one run, nor two of one group at once; nothing stays behind.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const ROUNDS = 12
const SENDERS = 10

const hook = (name: string, more = {}) => ({
  repo: 'github:acme/site',
  on: 'push',
  secret: SECRET,
  // One appended line each, small enough that the kernel writes it whole.
  run: `echo "$HOOK_RUN start ${name}" >> journal; sleep 0.02; echo "$HOOK_RUN end ${name}" >> journal`,
  ...more,
})

test('nothing acknowledged is lost, and nothing runs twice', { timeout: 120_000 }, async () => {
  const directory = aDirectory()
  writeFileSync(join(directory, 'journal'), '')
  const hooks = {
    one: hook('one', { concurrency: { group: 'one', queue: 'max' } }),
    side: hook('side', { concurrency: false }),
  }
  const acknowledged = new Set<string>()
  let server = await aRunhook({ directory, hooks })
  for (let round = 0; round < ROUNDS; round++) {
    const senders = Array.from({ length: SENDERS }, () => sendUntilItDies(server, acknowledged))
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 300))
    await server.stop('SIGKILL')
    await Promise.all(senders)
    server = await aRunhook({ directory })
  }
  await until(async () => (await unfinished(server)) === 0, 'the end of all runs', 60_000)
  expect(await server.stop()).toBe(0)

  expect(acknowledged.size).toBeGreaterThan(ROUNDS)
  const { guids, runs, statuses } = stored(directory)
  expect([...acknowledged].filter((guid) => !guids.has(guid))).toEqual([])
  expect(runs.filter(({ count }) => count !== 1)).toEqual([])
  expect([...statuses].filter((s) => !['success', 'interrupted', 'cancelled'].includes(s))).toEqual(
    [],
  )
  checkJournal(readFileSync(join(directory, 'journal'), 'utf8'))
  expect(leftProcesses(directory)).toEqual([])
})

async function sendUntilItDies(server: Running, acknowledged: Set<string>): Promise<void> {
  for (;;) {
    const path = Math.random() < 0.3 ? '/hooks/one' : '/hooks/side'
    const body = aPushBody({ ref: `refs/heads/b${Math.random()}` })
    const headers = asGitHub(body, { 'x-github-delivery': `${path}-${Math.random()}` })
    const answer = await server.post(path, { body, headers }).catch(() => null)
    if (answer === null) return
    expect(answer.status).toBe(202)
    acknowledged.add(headers['x-github-delivery'])
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function unfinished(server: Running): Promise<number> {
  const counts = await Promise.all(
    ['queued', 'running'].map(async (status) => {
      const { stdout } = await server.cli('runs', '--json', '--status', status, '--limit', '1')
      return JSON.parse(stdout).runs.length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

function stored(directory: string) {
  const database = new DatabaseSync(join(directory, '.runhook/runhook.db'))
  try {
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    const all = (sql: string) => database.prepare(sql).all()
    return {
      guids: new Set(all('SELECT guid FROM deliveries').map((row) => String(row.guid))),
      runs: all(
        'SELECT d.id, count(r.id) AS count FROM deliveries d LEFT JOIN runs r ON r.delivery_id = d.id GROUP BY d.id',
      ),
      statuses: new Set(all('SELECT DISTINCT status FROM runs').map((row) => String(row.status))),
    }
  } finally {
    database.close()
  }
}

/** No run starts twice, and within the group `one` nothing starts while another is between start and end. */
function checkJournal(journal: string): void {
  const lines = journal.trim().split('\n')
  const starts = lines.filter((line) => line.includes(' start '))
  expect(new Set(starts).size).toBe(starts.length)
  let open: string | null = null
  for (const line of lines.filter((text) => text.endsWith(' one'))) {
    const [run, what] = line.split(' ') as [string, string]
    // A start without an end was cut off by a kill; the next one may only come after that.
    if (what === 'start') open = run
    else expect(open).toBe(run)
  }
}

function leftProcesses(directory: string): string[] {
  const list = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
  return list.split('\n').filter((line) => line.includes(directory))
}
