/** Whether a hook's working directory can be worked in, asked as the hook's own commands would meet it. */

import type { Hook } from '../model/hook.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import type { Probe } from './probe.ts'

/** An error here makes every other question pointless. `updates`: a git of the hook's works there. */
export async function checkFolder(hook: Hook, updates: boolean, probe: Probe): Promise<Finding> {
  const { workingDirectory: folder } = hook
  const user = probe.user.name
  const { exitCode, problem } = await probe.ask(hook, ['/bin/sh', '-c', '[ -w . ] && [ -x . ]'])
  if (exitCode === 0) return ok('folder', `works in ${folder}`)
  if (problem === null && updates)
    return warning('folder', `${user} may not write in ${folder}`, `chown ${user} ${folder}`)
  if (problem === null) return ok('folder', `works in ${folder}, where it may only read`)
  const missing = problem.includes('does not exist')
  const mend = missing ? `install -d -o ${user} ${folder}` : `sudo -u ${user} ls -ld ${folder}`
  return error('folder', problem, mend)
}
