/**
 * `kill -9` under load, again and again: a server with hooks of every kind, senders who do not wait, and a
 * kill at any moment of its start, its work or its recovery. What must hold then is in crash-checks.ts.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { checkCrashed, processesOf, unfinished } from './crash-checks.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook, type Running } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const SENDERS = 6
/** Runs that may still wait when the last server is left alone with them. */
const DRAIN_MS = 120_000

/** The same moments again: `CRASH_SEED=… npm test`. */
export const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1e9)

/**
 * Each command appends short lines, which the kernel writes whole: the run's marker, a word and the hook. One
 * of a group holds a lock while a process of it lives, and says so when it does not get it.
 */
const begin = (name: string) => `echo "$RUNHOOK_RUN start ${name}" >> journal`
const end = (name: string) => `echo "$RUNHOOK_RUN end ${name}" >> journal`
const alone = (name: string) =>
  `exec 9>lock.${name}; flock -n 9 || echo "$RUNHOOK_RUN overlap ${name}" >> journal`

const hook = (run: string, more: object = {}) => ({
  repo: 'github:acme/site',
  on: 'push',
  secret: SECRET,
  run,
  ...more,
})

const onEveryEnd = { times: 3, delay: '50ms', on: ['failure', 'interrupted'] }

export const GROUPED = ['one', 'newest', 'swift', 'again']

const hooks = {
  one: hook(`${alone('one')}; ${begin('one')}; sleep 0.02; ${end('one')}`, {
    concurrency: { group: 'one', queue: 'max' },
  }),
  newest: hook(`${alone('newest')}; ${begin('newest')}; sleep 0.05; ${end('newest')}`),
  swift: hook(`${alone('swift')}; ${begin('swift')}; sleep 0.1; ${end('swift')}`, {
    concurrency: { 'cancel-in-progress': true },
  }),
  again: hook(`${alone('again')}; ${begin('again')}; sleep 0.1; ${end('again')}`, {
    concurrency: { group: 'again', queue: 'max' },
    retry: { ...onEveryEnd, on: 'interrupted' },
  }),
  failing: hook(`${begin('failing')}; exit 1`, {
    concurrency: false,
    retry: onEveryEnd,
    'on-failure': 'echo "$RUNHOOK_RUN back failing" >> journal',
  }),
  // Leaves a process behind in a session of its own, which nobody asked to keep.
  leaving: hook(`${begin('leaving')}; setsid sleep 300 & sleep 0.02; ${end('leaving')}`, {
    concurrency: false,
  }),
  // What it leaves may stay; it goes by itself.
  keeping: hook(`${begin('keeping')}; setsid sleep 2 & ${end('keeping')}`, {
    concurrency: false,
    leftovers: 'keep',
  }),
  side: hook(`${begin('side')}; sleep 0.02; ${end('side')}`, { concurrency: false }),
}

/** Of a hundred deliveries; what goes one by one must not wait for minutes at the end. */
const SHARES: [keyof typeof hooks, number][] = [
  ['one', 5],
  ['again', 4],
  ['newest', 15],
  ['swift', 15],
  ['failing', 4],
  ['leaving', 6],
  ['keeping', 6],
  ['side', 45],
]

/** Kills a server so often and checks what it leaves. `env` is the server's. */
export async function crashLoop(kills: number, seed: number, env: NodeJS.ProcessEnv = {}) {
  const random = randomFrom(seed)
  const directory = aDirectory()
  writeFileSync(join(directory, 'journal'), '')
  const acknowledged = new Set<string>()
  const sent = { count: 0 }
  let server = await aRunhook({ directory, hooks, env })
  const output = [server.output]
  for (let kill = 0; kill < kills; kill++) {
    const senders = Array.from({ length: SENDERS }, () =>
      sendUntilItDies(server, random, acknowledged, sent),
    )
    await sleep(30 + random() * 300)
    await server.stop('SIGKILL')
    await Promise.all(senders)
    server = await aRunhook({ directory, env })
    output.push(server.output)
  }
  const last = server
  await until(() => unfinished(directory) === 0, 'the end of all runs', DRAIN_MS)
  expect(await last.stop()).toBe(0)
  // What was kept goes by itself; the groups that held it are the next start's to remove.
  await until(() => processesOf(directory).length === 0, `the end of ${processesOf(directory)}`)
  expect(await (await aRunhook({ directory, env })).stop()).toBe(0)
  expect(output.filter((text) => /uncaught|Unhandled/i.test(text()))).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(kills)
  const runs = checkCrashed(directory, acknowledged, GROUPED)
  return { kills, sent: sent.count, acknowledged: acknowledged.size, runs }
}

async function sendUntilItDies(
  server: Running,
  random: () => number,
  acknowledged: Set<string>,
  sent: { count: number },
): Promise<void> {
  for (;;) {
    const path = `/hooks/${chosen(random() * 100)}`
    // One branch, so that the newer run takes the place of the one that waits.
    const body = aPushBody()
    const guid = `${path}-${sent.count++}`
    const headers = asGitHub(body, { 'x-github-delivery': guid })
    const answer = await server.post(path, { body, headers }).catch(() => null)
    if (answer === null) return
    expect(answer.status).toBe(202)
    acknowledged.add(guid)
    await sleep(20 + random() * 20)
  }
}

function chosen(share: number): string {
  let upTo = 0
  for (const [name, part] of SHARES) {
    upTo += part
    if (share < upTo) return name
  }
  return 'side'
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Numbers from 0 to 1, always the same ones for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
