/** nginx in front of two receivers: one of them is restarted again and again while deliveries come. */

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { until } from '../some.ts'
import { aCluster, checkFleet, deliver, groupHook, unfinished } from './cluster.ts'
import type { Figures } from './ordeals.ts'

export async function receiversRestarted(url: string, size: { times: number }): Promise<Figures> {
  const hooks = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`g${i}`, groupHook(`g${i}`, ':')]),
  )
  const cluster = aCluster({ url, hooks, server: { 'trusted-proxies': ['127.0.0.1'] } })
  const ports = [await aFreePort(), await aFreePort()]
  const start = (at: number) => cluster.receiver(`receiver-${at}`, { port: ports[at] ?? 0 })
  const receivers = [await start(0), await start(1)]
  await cluster.worker('worker')
  const balancer = await aBalancer(cluster.directory, ports)
  const acknowledged = new Map<string, string>()
  const failures: string[] = []
  let going = true
  const senders = Array.from({ length: 4 }, async (_, sender) => {
    for (let i = sender; going; i += 4)
      await deliver(() => [balancer], `g${i % 8}`, 1, acknowledged, failures)
  })
  for (let round = 0; round < size.times; round++) {
    const before = acknowledged.size
    await until(() => acknowledged.size > before + 20, 'deliveries', 30_000)
    expect(await receivers[round % 2]?.stop()).toBe(0)
    await until(() => acknowledged.size > before + 40, 'deliveries through the other', 30_000)
    receivers[round % 2] = await start(round % 2)
  }
  going = false
  await Promise.all(senders)
  await until(async () => (await unfinished(url)) === 0, 'the end of all runs', 120_000)
  const runs = await checkFleet(cluster, acknowledged)
  expect(runs).toEqual({ success: acknowledged.size }) // none twice: a resent delivery is known by its id
  return { restarts: size.times, acknowledged: acknowledged.size, failures: failures.length, runs }
}

/** As docs/fleet.md has it, on ports of its own. Resolves with its port. */
async function aBalancer(directory: string, receivers: readonly number[]): Promise<number> {
  const port = await aFreePort()
  const prefix = join(directory, 'nginx')
  mkdirSync(join(prefix, 'logs'), { recursive: true })
  const servers = receivers.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(' ')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${prefix}/${name};`)
    .join(' ')
  writeFileSync(
    join(prefix, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${prefix}/pid; error_log ${prefix}/error.log; events {}
http { access_log off; ${temp} client_max_body_size 25m;
  upstream runhook { ${servers} keepalive 16; }
  server { listen 127.0.0.1:${port};
    location / { proxy_pass http://runhook; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_next_upstream error timeout http_502 http_503 non_idempotent; } } }`,
  )
  const child = spawn('nginx', ['-p', prefix, '-c', join(prefix, 'nginx.conf')], {
    stdio: 'ignore',
  })
  onTestFinished(() => void child.kill('SIGTERM'))
  await until(() => answers(port), 'nginx')
  return port
}

async function answers(port: number): Promise<boolean> {
  const told = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null)
  return told?.status === 200
}

export function aFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}
