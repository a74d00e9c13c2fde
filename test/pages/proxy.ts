/** A proxy as most people have it before a server: nginx, with nothing set but where the server is. */

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { aFreePort } from '../fleet/balancer.ts'
import { aDirectory, until } from '../some.ts'

/** The URL at which it answers for this one. */
export async function aProxy(url: string): Promise<string> {
  const port = await aFreePort()
  const prefix = aDirectory()
  mkdirSync(join(prefix, 'logs'))
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${prefix}/${name};`)
    .join(' ')
  writeFileSync(
    join(prefix, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${prefix}/pid; error_log ${prefix}/error.log; events {}
http { access_log off; ${temp}
  server { listen 127.0.0.1:${port}; location / { proxy_pass ${url}; } } }`,
  )
  const child = spawn('nginx', ['-p', prefix, '-c', join(prefix, 'nginx.conf')], {
    stdio: 'ignore',
  })
  onTestFinished(() => void child.kill('SIGTERM'))
  const proxy = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${proxy}/healthz`).catch(() => null))?.ok, 'nginx')
  return proxy
}
