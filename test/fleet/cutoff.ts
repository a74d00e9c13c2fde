/**
 * A worker in a network of its own is cut off from the database, with its command running; its group goes on
 * elsewhere only when nothing of that command is left.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { until } from '../some.ts'
import { aCluster, checkFleet, deliver, groupHook, rows, unfinished } from './cluster.ts'
import type { Figures } from './ordeals.ts'

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })

/** Why there can be no namespaces here, or null. */
export function noNamespaces(): string | null {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const name = `runhook-try-${process.pid}`
  const made = spawnSync('ip', ['netns', 'add', name])
  if (made.status !== 0) return 'ip netns add is refused here'
  spawnSync('ip', ['netns', 'del', name])
  return null
}

export interface Network {
  /** What the namespace reaches this machine by. */
  readonly address: string
  readonly under: readonly string[]
  cut(): void
  mend(): void
}

export function aNetwork(): Network {
  const id = process.pid % 250
  const [name, here, there] = [`runhook-${process.pid}`, `rh${id}a`, `rh${id}b`]
  const net = `10.213.${id}`
  ip('netns', 'add', name)
  onTestFinished(() => {
    spawnSync('ip', ['link', 'del', here])
    spawnSync('ip', ['netns', 'del', name])
  })
  ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name)
  ip('addr', 'add', `${net}.1/24`, 'dev', here)
  ip('link', 'set', here, 'up')
  ip('-n', name, 'addr', 'add', `${net}.2/24`, 'dev', there)
  ip('-n', name, 'link', 'set', there, 'up')
  ip('-n', name, 'link', 'set', 'lo', 'up')
  return {
    address: `${net}.1`,
    under: ['ip', 'netns', 'exec', name],
    cut: () => void ip('link', 'set', here, 'down'),
    mend: () => void ip('link', 'set', here, 'up'),
  }
}

/** Its ticker has a session of its own, and ignores what it is told politely. */
export function ticking(seconds: number | string): string {
  const tick = 'while :; do echo "$HOOK_RUN $(date +%s%3N)" >> ticks; sleep 0.1; done'
  return `setsid sh -c 'trap "" TERM; ${tick}' & sleep ${seconds}; kill -9 $!`
}

/** `url` is the database as the namespace reaches it, too. */
export async function workerCutOff(
  url: string,
  network: Network,
  { cutMs, leaseMs }: { cutMs: number; leaseMs: number },
): Promise<Figures> {
  const cluster = aCluster({
    url,
    // The first would go on until it is ended: nobody knows how soon the cut comes.
    hooks: {
      site: groupHook('site', `if mkdir first; then t=60; else t=3; fi; ${ticking('$t')}`),
    },
    server: { lease: `${leaseMs}ms` },
  })
  writeFileSync(join(cluster.directory, 'ticks'), '')
  const receiver = await cluster.receiver('receiver')
  const cutOff = await cluster.worker('cut-off', { under: network.under })
  const acknowledged = new Map<string, string>()
  const send = (count: number) => deliver(() => [receiver.port], 'site', count, acknowledged)
  await send(1)
  const ran = () => cluster.journal().filter(({ word }) => word === 'start').length
  await until(() => ran() === 1, 'its run', 20_000)
  await cluster.worker('other')
  await send(2)
  const cutAt = Date.now()
  network.cut()
  await until(() => ran() === 2, 'the takeover', leaseMs + 30_000)
  const takenOverMs = Date.now() - cutAt
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, cutMs - takenOverMs)))
  network.mend()
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', 60_000)
  const ticks = ticksOf(cluster.directory)
  const [first = 0, second = 0] = cluster
    .journal()
    .filter(({ word }) => word === 'start')
    .map(({ run }) => run)
  const lastOfFirst = Math.max(...ticks.filter(({ run }) => run === first).map(({ at }) => at))
  const firstOfSecond = Math.min(...ticks.filter(({ run }) => run === second).map(({ at }) => at))
  expect(lastOfFirst).toBeLessThan(firstOfSecond)
  expect(await rows(url, `SELECT status FROM runhook.runs WHERE id = ${first}`)).toEqual([
    { status: 'interrupted' },
  ])
  // It is of use again once it reaches the database.
  await send(6)
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', 60_000)
  await until(() => /worker cut-off/.test(cutOff.output()), 'a word of it in its log')
  const runs = await checkFleet(cluster, acknowledged)
  return {
    'cut off for ms': cutMs,
    'its command ended after ms': lastOfFirst - cutAt,
    'taken over after ms': takenOverMs,
    runs,
  }
}

export function ticksOf(directory: string) {
  return readFileSync(join(directory, 'ticks'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [run, at] = line.split(' ').map(Number)
      return { run: run ?? 0, at: at ?? 0 }
    })
}
