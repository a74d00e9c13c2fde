/** Everything that is asked of one hook before it runs: what doctor and `check --deep` have in common. */

import { statSync } from 'node:fs'
import type { Hook } from '../model/hook.ts'
import { everyStep, gitUses } from './called.ts'
import { type Finding, ok } from './finding.ts'
import { checkFolder } from './folder.ts'
import { checkPidFiles } from './pid-files.ts'
import type { Probe } from './probe.ts'
import { checkPrograms } from './programs.ts'
import { checkWorkTree } from './work-tree.ts'

/** Takes up to half a minute where a remote does not answer. Never rejects because of what it finds. */
export async function checkHook(hook: Hook, probe: Probe): Promise<Finding[]> {
  const findings = await found(hook, probe)
  return findings.map((finding) => ({ ...finding, hook: hook.name }))
}

async function found(hook: Hook, probe: Probe): Promise<Finding[]> {
  if (!hook.enabled) return [ok('enabled', 'is switched off, and not looked at')]
  const used = gitUses(everyStep(hook), hook.workingDirectory)
  const updates = used.some((use) => use.folder === hook.workingDirectory)
  const folder = await checkFolder(hook, updates, probe)
  if (folder.level === 'error') return [folder, ...checkPidFiles(hook, probe)]
  const uses = used.filter((use) => isFolder(use.folder))
  const trees = await Promise.all(uses.map((use) => checkWorkTree(hook, use, probe)))
  return [
    folder,
    ...(await checkPrograms(hook, probe)),
    ...trees.flat(),
    ...checkPidFiles(hook, probe),
  ]
}

/** A folder that a line goes to may be made by the line before it. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
