/**
 * `runhook doctor`: whether what the hooks file promises will work here, asked as the user who will have
 * to do it. It changes nothing, and carries out no line of a hook: its shell only reads them.
 */

import { messageOf, RunhookError } from '../errors.ts'
import type { Loaded } from '../hooks/load.ts'
import { sentence } from '../hooks/problems.ts'
import type { Config, Role } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import { checkData } from '../preflight/data.ts'
import { checkDatabase } from '../preflight/database.ts'
import { checkFiles } from '../preflight/files.ts'
import { error, type Finding, ok, warning } from '../preflight/finding.ts'
import { checkHook } from '../preflight/hook.ts'
import { checkIssuer } from '../preflight/issuer.ts'
import { checkMachine } from '../preflight/machine.ts'
import { createProbe, type Probe } from '../preflight/probe.ts'
import { checkServer, checkWorker, type RunningServer } from '../preflight/server.ts'
import { accountOf, become, nameOf, serverPid, serviceOf } from '../preflight/service.ts'
import { serverUser } from '../run/execute.ts'
import type { ServerStatus } from '../show/control.ts'
import { countOf, failed, findingsText } from './findings.ts'
import { findHook, load, near } from './hook-file.ts'
import { configFile, connect, dataFolder, type PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import type { Terminal } from './terminal.ts'

export interface DoctorOptions extends PlaceOptions {
  readonly json?: boolean
  /** What this machine is to a fleet; left out: all. */
  readonly role?: Role
}

/** Without names all hooks are looked at. Exit code 1 when something would fail. */
export async function doctor(
  names: readonly string[],
  options: DoctorOptions,
  terminal: Terminal,
): Promise<number> {
  const file = configFile(options, terminal)
  const data = await dataFolder(options, terminal)
  const acting = actAsService(data, file)
  const loaded = await loadHere(file, options, terminal)
  const config = 'config' in loaded ? loaded.config : null
  const hooks = config === null ? [] : chosen(names, config, near(file, terminal))
  const probe = createProbe(serverUser())
  try {
    const findings = [
      ...acting,
      ...('config' in loaded ? fileFindings(loaded, near(file, terminal)) : [loaded]),
      ...(config === null ? [] : await serverFindings(config, data, options, terminal, probe)),
      ...(options.role === 'receiver' ? [] : await hookFindings(hooks, probe)),
    ]
    await tell(findings, probe, options, terminal)
    return failed(findings) ? 1 : 0
  } finally {
    probe.close()
  }
}

/** Everything that is asked of the hooks alone. */
export async function hookFindings(hooks: readonly Hook[], probe: Probe): Promise<Finding[]> {
  const findings: Finding[] = []
  // A few at a time: each starts processes, and remotes may take their time.
  for (let from = 0; from < hooks.length; from += 4) {
    const some = hooks.slice(from, from + 4).map((hook) => checkHook(hook, probe))
    findings.push(...(await Promise.all(some)).flat())
  }
  return findings
}

/** Root becomes whom the server runs as, or is told that it stays root; anybody else, when that is another. */
export function actAsService(data: string, file: string): Finding[] {
  const [service, mine] = [serviceOf(data, file), process.geteuid?.() ?? null]
  if (service === null || mine === null) return []
  const { uid, by } = service
  const known = by === 'the data directory'
  if (uid === mine)
    return known || mine !== 0
      ? []
      : [
          ok(
            'user',
            `asked as root, whom ${by} belongs to: the hooks' shells and git run as root too`,
          ),
        ]
  if (!known && mine !== 0) return []
  const name = nameOf(uid)
  const other = `asked as ${nameOf(mine)}, and the server runs as ${name}: it may find something else`
  const mend = `sudo -u ${name} runhook doctor`
  if (mine !== 0) return [warning('user', other, mend)]
  const account = accountOf(uid)
  if (account === null) return [warning('user', `${other}, but there is no user of that number`)]
  try {
    become(account)
    return [ok('user', `asked as ${account.name}, whom ${by} belongs to`)]
  } catch (thrown) {
    return [warning('user', `${other} (${messageOf(thrown)})`, mend)]
  }
}

async function loadHere(
  file: string,
  options: DoctorOptions,
  terminal: Terminal,
): Promise<Loaded | Finding> {
  try {
    return await load(file, options, terminal)
  } catch (thrown) {
    if (!(thrown instanceof RunhookError)) throw thrown
    return error(
      'hooks-file',
      thrown.message.replace(/\.$/, ''),
      ...(thrown.hint ? [thrown.hint] : []),
    )
  }
}

function chosen(names: readonly string[], config: Config, file: string): Hook[] {
  if (names.length === 0) return [...config.hooks.values()]
  return [...new Set(names)].map((name) => findHook(name, config, file))
}

function fileFindings({ config, problems, files }: Loaded, file: string): Finding[] {
  const mistakes = problems.filter(({ severity }) => severity === 'error').length
  const many = mistakes === 1 ? 'a mistake' : `${mistakes} mistakes`
  const valid =
    config === null
      ? error('hooks-file', `${file} has ${many}`, `runhook check ${file}`)
      : ok(
          'hooks-file',
          `${file} is valid: ${config.hooks.size === 1 ? '1 hook' : `${config.hooks.size} hooks`}`,
        )
  const warnings = problems.filter(({ severity }) => severity === 'warning')
  return [
    valid,
    ...warnings.map((problem) =>
      warning('hooks-file', sentence(problem), ...(problem.hint ? [problem.hint] : [])),
    ),
    ...checkFiles(files),
  ]
}

async function serverFindings(
  config: Config,
  data: string,
  options: DoctorOptions,
  terminal: Terminal,
  probe: Probe,
): Promise<Finding[]> {
  const running = await runningServer(data, options, terminal)
  const pid = running === null ? serverPid(data) : running.pid
  const isWorker = running === null && options.role === 'worker'
  const stuck = running === null && pid !== null && !isWorker
  return [
    ...(await checkMachine(config, pid, probe)),
    ...checkData(data, probe.user.name),
    ...(await checkDatabase(config)),
    ...(await checkIssuer(config)),
    ...(stuck ? [error('server', `process ${pid} holds ${data}, and does not answer`)] : []),
    ...(isWorker ? checkWorker(pid, config) : stuck ? [] : await checkServer(config, running)),
  ]
}

async function runningServer(
  data: string,
  options: DoctorOptions,
  terminal: Terminal,
): Promise<RunningServer | null> {
  try {
    const client = await connect({ ...options, data }, terminal)
    return { status: await client.get<ServerStatus>('/status'), pid: serverPid(data) }
  } catch (thrown) {
    if (thrown instanceof RunhookError) return null
    throw thrown
  }
}

async function tell(
  findings: readonly Finding[],
  probe: Probe,
  { json }: DoctorOptions,
  { out, talk }: Terminal,
): Promise<void> {
  if (json) {
    const told = { ok: !failed(findings), user: probe.user.name, findings }
    await out.write(`${printableJson(told)}\n`)
    return
  }
  await out.write(findingsText(findings, out))
  const count = countOf(findings)
  if (count !== '') await talk.write(`${count}\n`)
}
