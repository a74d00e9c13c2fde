/** What the machine gives to all hooks: the tools that runhook itself starts, and git's version. */

import type { Config } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import { cgroupPlaceOf } from '../run/cgroup-place.ts'
import { foreseenLimits, holdingText } from '../run/holding.ts'
import { statusOf } from '../run/proc.ts'
import { version } from '../version.ts'
import { checkClock } from './clock.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import type { Probe } from './probe.ts'

/** `pid` is the server's; null = it does not run, and this process stands for it. */
export async function checkMachine(
  config: Config,
  pid: number | null,
  probe: Probe,
): Promise<Finding[]> {
  const [hook] = config.hooks.values()
  const asked = hook
    ? await Promise.all([gitVersion(hook, probe), checkTools(hook, probe), checkClock(hook, probe)])
    : null
  const [git, tools, clock] = asked ?? ['', [], []]
  return [
    ok('versions', `Node ${process.versions.node}, runhook ${version}${git}`),
    ...tools,
    ...checkUmask(pid),
    checkControlGroups(pid),
    ...checkLimits(config, pid),
    ...clock,
  ]
}

async function gitVersion(hook: Hook, probe: Probe): Promise<string> {
  const { output } = await probe.ask(hook, ['git', '--version'], { folder: '/' })
  const [, number] = /^git version (\S+)/.exec(output) ?? []
  return number === undefined ? '' : `, git ${number}`
}

/** Without mkfifo no command starts; without the others some settings of hooks cannot be kept. */
async function checkTools(hook: Hook, probe: Probe): Promise<Finding[]> {
  const line = 'for tool do command -v "$tool" >/dev/null || echo "$tool"; done'
  const tools = ['mkfifo', 'setpriv', 'prlimit']
  const argv = ['/bin/sh', '-c', line, 'sh', ...tools] as const
  const { output } = await probe.ask(hook, [...argv], { folder: '/' })
  const missing = output.split('\n').filter((name) => tools.includes(name))
  return missing.map((name) =>
    name === 'mkfifo'
      ? error(
          'tools',
          'there is no mkfifo, and no command can start without it',
          'apt install coreutils',
        )
      : warning(
          'tools',
          `there is no ${name}, which "user" and "limits" of a hook need`,
          'apt install util-linux',
        ),
  )
}

function checkControlGroups(pid: number | null): Finding {
  const place = cgroupPlaceOf(pid)
  if ('base' in place) return ok('control-groups', holdingText(place))
  return warning('control-groups', holdingText(place), 'see "What can escape" in docs/running.md')
}

function checkLimits({ hooks }: Config, pid: number | null): Finding[] {
  const text = foreseenLimits(hooks.values(), cgroupPlaceOf(pid))
  return text === null ? [] : [ok('limits', text)]
}

function checkUmask(pid: number | null): Finding[] {
  const umask = Number.parseInt(statusOf(pid ?? process.pid, 'Umask') ?? '022', 8)
  if ((umask & 0o002) !== 0) return []
  const found = `files that hooks make can be written by everybody (umask ${umask.toString(8).padStart(3, '0')})`
  return [warning('umask', found, 'UMask=0022 in the unit, or "umask 022" before the start')]
}
