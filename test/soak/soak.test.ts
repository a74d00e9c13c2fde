/** A server at work: deliveries, runs, reloads and readers. It may not grow. `SOAK_MINUTES=60` for an hour. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { controlGroupsOf, processesOf, unfinished } from '../crash-checks.ts'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { aRunhook, type Running } from '../running.ts'
import { SECRET, until } from '../some.ts'

const MINUTE = 60_000
const LASTS = Number(process.env.SOAK_MINUTES ?? 2) * MINUTE
const A_SECOND = 50
/** A quarter is for warming up; of an hour, what it has grown after that is all leak. */
const WARM = LASTS / 4
const MIB = 2 ** 20

test(`${LASTS / MINUTE} minutes of work leave the server as it was`, async () => {
  const site = { repo: 'github:acme/site', secret: SECRET, run: 'echo deployed' }
  const server = await aRunhook({ hooks: { site: { ...site, concurrency: false } } })
  const begun = Date.now()
  const answers = new Map<number, number>()
  let warm: Measured | null = null
  let walPeak = 0
  const pending = new Set<Promise<void>>()
  for (let n = 0; Date.now() - begun < LASTS; n++) {
    const one = deliver(server).then((status) => {
      answers.set(status, (answers.get(status) ?? 0) + 1)
      pending.delete(one)
    })
    pending.add(one)
    if (n % 250 === 0) {
      writeFileSync(join(server.directory, 'hooks.json'), configOf(n, site), { mode: 0o600 })
      expect((await server.cli('runs', '--json')).code).toBe(0)
      walPeak = Math.max(walPeak, walOf(server))
    }
    if (warm === null && Date.now() - begun > WARM) warm = measured(server)
    const due = begun + ((n + 1) * 1000) / A_SECOND
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())))
  }
  await Promise.all(pending)
  await until(() => unfinished(server.directory) === 0, 'the end of all runs', MINUTE)
  // Connections of the last callers are kept for five seconds.
  await new Promise((resolve) => setTimeout(resolve, 6000))
  const end = measured(server)
  console.info({ answers: Object.fromEntries(answers), warm, end, walPeak })
  expect([...answers.keys()]).toEqual([202])
  expect(walPeak).toBeLessThan(64 * MIB)
  expect(end.zombies).toBe(0)
  expect(end.files).toBeLessThanOrEqual((warm?.files ?? 0) + 5)
  // 1 MiB a minute, beside what a collector that has time may leave for later.
  const slack = 32 * MIB
  expect(end.memory - (warm?.memory ?? 0)).toBeLessThan(slack + (LASTS / MINUTE) * MIB)
  expect(await server.stop()).toBe(0)
  checkNothingLeft(server.directory)
})

async function deliver(server: Running): Promise<number> {
  const body = aPushBody()
  return (await server.post('/hooks/site', { body, headers: asGitHub(body) })).status
}

/** A change that is to be seen: the name of a variable's value. */
function configOf(turn: number, site: object): string {
  const env = { TURN: String(turn) }
  return JSON.stringify({ hooks: { site: { ...site, concurrency: false, env } } })
}

interface Measured {
  memory: number
  files: number
  zombies: number
}

function measured({ child }: Running): Measured {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const stats = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/stat`, 'latin1')] : []
    } catch {
      return []
    }
  })
  return {
    memory: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024,
    files: readdirSync(`/proc/${child.pid}/fd`).length,
    zombies: stats.filter((stat) => stat.includes(`) Z ${child.pid} `)).length,
  }
}

function walOf({ directory }: Running): number {
  return statSync(join(directory, '.runhook/runhook.db-wal')).size
}

function checkNothingLeft(directory: string): void {
  expect(processesOf(directory)).toEqual([])
  const database = new DatabaseSync(join(directory, '.runhook/runhook.db'))
  const token = database.prepare("SELECT value FROM settings WHERE name = 'token'").get()?.value
  database.close()
  expect(controlGroupsOf(String(token))).toEqual([])
  for (const folder of ['pipes', 'payloads']) {
    expect(readdirSync(join(directory, '.runhook', folder)).length).toBeLessThanOrEqual(64)
  }
}
