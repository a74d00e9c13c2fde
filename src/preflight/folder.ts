/** Whether a hook's working directory can be worked in, asked as the hook's own commands would meet it. */

import { statSync } from 'node:fs'
import type { Hook } from '../model/hook.ts'
import { barrier } from '../run/access.ts'
import { cloneLines } from './clone.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import type { Probe } from './probe.ts'

/** An error here makes every other question pointless. `updates`: a git of the hook's works there. */
export async function checkFolder(hook: Hook, updates: boolean, probe: Probe): Promise<Finding> {
  const { workingDirectory: folder } = hook
  const user = probe.userOf(hook).name
  if (isMissing(folder)) {
    const found = `working directory ${folder} does not exist`
    const make = `install -d -o ${user} ${folder}`
    return error('folder', found, ...(updates ? cloneLines(hook, folder, user) : [make]))
  }
  const { exitCode, problem } = await probe.ask(hook, ['/bin/sh', '-c', '[ -w . ] && [ -x . ]'])
  if (exitCode === 0) return ok('folder', `works in ${folder}`)
  if (problem === null && updates)
    return warning('folder', `${user} may not write in ${folder}`, `chown ${user} ${folder}`)
  if (problem === null) return ok('folder', `works in ${folder}, where it may only read`)
  return error('folder', problem, ...opening(hook, user))
}

/** What lets the user in: its own folder is given to it, one on the way there is only opened for passing. */
function opening({ workingDirectory: folder, terms }: Hook, user: string): string[] {
  const bars = barrier(folder, 'execute', terms.user)?.split(' may not be ')[0] ?? folder
  if (!isFolder(bars)) return ['correct "working-directory" in the hooks file']
  const open = `setfacl -m u:${user}:x ${bars}`
  return [
    bars === folder ? `chown -R ${user} ${folder}` : `${open}   (or: chmod o+x ${bars})`,
    `or name a "working-directory" that ${user} may enter`,
  ]
}

/** Another user than the hook's may not see it: that is no answer. */
function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
