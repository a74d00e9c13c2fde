/** The server itself: whether it runs, listens, is reached from outside, and keeps its secrets to itself. */

import { createServer } from 'node:net'
import { messageOf, systemCode } from '../errors.ts'
import { EXPOSED_MEND, exposedSecrets, exposedText } from '../hooks/exposed.ts'
import type { Config } from '../model/config.ts'
import { environmentOf, statusOf, userOf } from '../run/proc.ts'
import type { ServerStatus } from '../show/control.ts'
import { version } from '../version.ts'
import { callsOf, everyStep } from './called.ts'
import { skewOf } from './clock.ts'
import { error, type Finding, ok, warning } from './finding.ts'

/** What is known of the one that runs. */
export interface RunningServer {
  readonly status: ServerStatus
  readonly pid: number | null
}

export async function checkServer(
  config: Config,
  running: RunningServer | null,
): Promise<Finding[]> {
  const { publicUrl } = config.server
  return [
    ...(running === null ? [await checkFreePort(config)] : await checkRunning(config, running)),
    ...(publicUrl === null ? [] : await checkPublic(publicUrl)),
  ]
}

/** One that listens nowhere: all that can be seen of it is that it holds its data directory. */
export function checkWorker(pid: number | null, config: Config): Finding[] {
  if (pid === null)
    return [warning('worker', 'no worker runs with this data directory', 'runhook worker')]
  const found = `a worker runs with this data directory (process ${pid})`
  return [ok('worker', found), ...aroundProcess(pid, config)]
}

const PATIENCE_MS = 5000

/** Without a server the port must be free. It is held for a moment, which no sender can have time for. */
function checkFreePort({ server: { host, port } }: Config): Promise<Finding> {
  const where = `port ${port} on ${host}`
  return new Promise((resolve) => {
    const trial = createServer()
    trial.once('error', (thrown) => resolve(portProblem(thrown, where)))
    trial.listen({ host, port, exclusive: true }, () => {
      const found = `no server runs with this data directory; ${where} is free`
      trial.close(() => resolve(warning('server', found, 'runhook serve')))
    })
  })
}

function portProblem(thrown: Error, where: string): Finding {
  const [, port] = /port (\d+)/.exec(where) ?? []
  if (systemCode(thrown) === 'EADDRINUSE')
    return error('port', `another program listens on ${where}`, `ss -ltnp 'sport = :${port}'`)
  if (systemCode(thrown) === 'EACCES')
    return error(
      'port',
      `this user may not listen on ${where}`,
      'take a port above 1023, and a proxy',
    )
  return error('port', `nothing can listen on ${where}: ${messageOf(thrown)}`)
}

async function checkRunning(config: Config, { status, pid }: RunningServer): Promise<Finding[]> {
  const process = pid === null ? '' : ` (process ${pid})`
  const { host, port } = config.server
  const name =
    host === '0.0.0.0'
      ? '127.0.0.1'
      : host === '::'
        ? '[::1]'
        : host.includes(':')
          ? `[${host}]`
          : host
  const own = status.url === config.server.publicUrl ? `http://${name}:${port}` : status.url
  const health = await ask(`${own}/healthz`)
  const answers =
    'text' in health && health.text === 'ok\n'
      ? ok('server', `the server runs${process} and answers on ${own}`)
      : error('server', `the server runs${process}, and ${own} is not answered by it`)
  return [
    answers,
    ...(status.configProblem === null
      ? []
      : [warning('server', status.configProblem, 'runhook check')]),
    ...(status.version === version
      ? []
      : [
          warning(
            'server',
            `the server that runs is ${status.version}, and this is ${version}`,
            'restart it',
          ),
        ]),
    ...(pid === null ? [] : aroundProcess(pid, config)),
  ]
}

/** What only the process itself shows. Of another user's the system tells nothing, and so do we. */
function aroundProcess(pid: number, config: Config): Finding[] {
  const entries = environmentOf(pid).map((entry) => {
    const equals = entry.indexOf('=')
    return [entry.slice(0, equals), entry.slice(equals + 1)]
  })
  const names = exposedSecrets(config, Object.fromEntries(entries))
  const steps = [...config.hooks.values()].flatMap((hook) =>
    everyStep(hook).flatMap((step) => callsOf(step, hook.workingDirectory)),
  )
  const usesSudo = steps.some(({ program }) => program === 'sudo')
  return [
    ...(names.length === 0 ? [] : [warning('secrets', exposedText(names), EXPOSED_MEND)]),
    ...(pid === 1 ? [warning('server', FIRST_PROCESS, 'docker run --init …')] : []),
    ...(usesSudo && statusOf(pid, 'NoNewPrivs') === '1'
      ? [
          error(
            'sudo',
            'the server may gain no privileges, so sudo in its hooks fails',
            'NoNewPrivileges=no in its unit',
          ),
        ]
      : []),
    ...(userOf(pid) === 0
      ? [
          warning(
            'server',
            'the server runs as root, and so do its hooks',
            'give it a user of its own: User= in its unit, or start it as that user',
          ),
        ]
      : []),
  ]
}

const FIRST_PROCESS =
  'the server is process 1 of its container, and nobody collects what its commands leave behind'

// ---- from outside ------------------------------------------------------------------------------------

async function checkPublic(url: string): Promise<Finding[]> {
  const asked = Date.now()
  const answer = await ask(`${url}/healthz`)
  if ('problem' in answer) {
    const found = `${url} cannot be reached from here (${answer.problem}); from outside it may be`
    return [warning('public-url', found, `curl -i ${url}/healthz`)]
  }
  const skewed = skewOf(answer.date, asked, url)
  if (answer.status === 200 && answer.text === 'ok\n')
    return [ok('public-url', `${url} answers`), ...skewed]
  const found = `${url}/healthz answers ${answer.status}, and not as runhook does: the proxy may send it elsewhere`
  return [warning('public-url', found), ...skewed]
}

type Asked =
  | { readonly status: number; readonly text: string; readonly date: string | null }
  | { readonly problem: string }

async function ask(url: string): Promise<Asked> {
  try {
    const options = { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) } as const
    const response = await fetch(url, options)
    const text = (await response.text()).slice(0, 100)
    return { status: response.status, text, date: response.headers.get('date') }
  } catch (thrown) {
    // fetch() says only that it failed; its cause says why.
    const cause = thrown instanceof Error && thrown.cause ? thrown.cause : thrown
    return { problem: systemCode(cause) ?? messageOf(cause) }
  }
}
