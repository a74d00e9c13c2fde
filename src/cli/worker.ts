/**
 * `runhook worker`: carries out runs that it finds in the database, and nothing else. It listens nowhere; it only
 * dials out. Its hooks file is read again as that of `serve` is.
 */

import { resolve } from 'node:path'
import { type Loaded, loadConfig } from '../hooks/load.ts'
import { createLog } from '../log.ts'
import type { Config } from '../model/config.ts'
import { createNotifier } from '../notify.ts'
import { openWorker } from '../worker.ts'
import { firstConfig, inWords, shortPath, watchAndReload } from './reloading.ts'
import { warnOfExposed } from './serve.ts'
import { stopSignal } from './stop-signal.ts'
import { tellSystemd } from './systemd.ts'

export interface WorkerOptions {
  readonly config: string
  readonly data?: string
  readonly labels?: readonly string[]
  readonly name?: string
  readonly parallel?: number
  /** A file: see WorkerOverrides. */
  readonly allow?: string
}

/** Resolves with the exit code once it has stopped. */
export async function worker(options: WorkerOptions): Promise<number> {
  const file = resolve(options.config)
  const log = createLog({ pretty: process.stdout.isTTY === true })
  const notifier = createNotifier(process.env, process.pid, log)
  const first = await load(file, options)
  const config = withParallel(await firstConfig(file, first, options.config), options)
  const stop = stopSignal()
  const running = await openWorker(config, log)
  stop.hurry = () => running.hurry()
  let hooks = config.hooks.size
  const systemd = tellSystemd(notifier, () => `${inWords(hooks)}; ${running.running} running`)
  const user = {
    async reload(next: Config) {
      await running.reload(next)
      hooks = next.hooks.size
    },
    configProblem: () => undefined, // the log says it; nobody asks a worker
  }
  const again = () => load(file, options)
  const watcher = watchAndReload(first, { file, first: config, load: again, user, log, systemd })
  warnOfExposed(config, log)
  systemd.ready() // before it has registered: the database may be away for long
  const started = running.start().then(() => {
    if (!stop.signal.aborted) announce(config)
  })
  const signal = await Promise.race([stop.asked, started.then(() => stop.asked)]).catch(
    async (error: unknown) => {
      watcher.close()
      await running.stop(0)
      notifier.close()
      throw error
    },
  )
  watcher.close()
  systemd.stopping()
  log.info(`    ${signal}: ${goodbye(running.running, config)}`)
  await running.stop(config.server.drainMs)
  notifier.close()
  return 0
}

function load(file: string, { labels, name, data, allow }: WorkerOptions): Promise<Loaded> {
  return loadConfig(file, {
    role: 'worker',
    overrides: {
      ...(labels === undefined ? {} : { labels }),
      ...(name === undefined ? {} : { name }),
      ...(allow === undefined ? {} : { allow }),
      ...(data === undefined ? {} : { data: resolve(data) }),
    },
    environment: process.env,
  })
}

function withParallel(config: Config, { parallel }: WorkerOptions): Config {
  if (parallel === undefined) return config
  return { ...config, server: { ...config.server, maxParallel: parallel } }
}

function announce({ server, hooks, file }: Config): void {
  const { name, labels } = server.worker
  process.stdout.write(
    `> Worker ${name} [${labels.join(', ')}] is ready with ${inWords(hooks.size)} from ${shortPath(file)} (^C to quit)\n`,
  )
}

function goodbye(running: number, { server }: Config): string {
  if (running === 0) return 'nothing runs, stopping'
  return `${running} running get ${Math.round(server.drainMs / 1000)}s to end`
}
