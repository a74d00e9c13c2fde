/**
 * Whether git will do in a hook's work tree what its lines ask: owned by the right user, on the branch
 * that the hook deploys, clean where it is to be pulled, with a remote that lets us in. Nothing is written:
 * no lock is taken and nothing is fetched.
 */

import { statSync } from 'node:fs'
import { filter } from '../hooks/pattern.ts'
import type { Hook, Trigger } from '../model/hook.ts'
import { clueIn, hintOf } from '../run/hint.ts'
import type { GitUse } from './called.ts'
import { cloneLines } from './clone.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import { type AskGit, gitIn, lastLine } from './git.ts'
import type { Answer, Probe } from './probe.ts'
import { checkRemote } from './remote.ts'
import { nameOf } from './service.ts'

/** What brings in commits, and fails where it would lose something. */
const updating = ['pull', 'merge', 'rebase', 'checkout', 'switch']
const contacting = ['pull', 'fetch', 'push', 'remote', 'submodule']

/**
 * Files with a filter are not compared: their filter is a command, which `.git/config` may name. So are the
 * files in submodules, which have a `.git/config` of their own.
 */
const asStatus = [
  '--porcelain',
  '--untracked-files=no',
  '--ignore-submodules=dirty',
  '--',
  ':(top,attr:!filter)',
]

export async function checkWorkTree(hook: Hook, use: GitUse, probe: Probe): Promise<Finding[]> {
  const git = gitIn(use.folder, hook, probe)
  const status = await git('status', ...asStatus)
  if (status.exitCode !== 0) return [refused(hook, use, status, probe)]
  const branch = await branchOf(git)
  const wrong = [
    ...changes(use, status),
    ...(branch === null ? [detached(use)] : wrongBranch(hook, use, branch)),
  ]
  const remote = branch === null ? 'origin' : await remoteOf(git, branch)
  const needsRemote = contacting.some((verb) => use.verbs.has(verb))
  if (branch !== null && remote === null && use.verbs.has('pull'))
    wrong.push(noUpstream(use, branch))
  const clean = status.output === '' ? 'a clean work tree' : 'a work tree'
  const fine = ok(
    'work-tree',
    `${use.folder} is ${clean} of ${probe.userOf(hook).name}, on ${branch}`,
  )
  const reached = needsRemote ? await checkRemote(hook, git, remote ?? 'origin', branch, probe) : []
  return [...(wrong.length > 0 ? wrong : [fine]), ...reached]
}

function refused(hook: Hook, { folder }: GitUse, answer: Answer, probe: Probe): Finding {
  const { name } = probe.userOf(hook)
  if (answer.problem !== null) return error('work-tree', answer.problem)
  if (answer.timedOut)
    return warning('work-tree', `"git status" in ${folder} took longer than 10 s`)
  const clue = clueIn(answer.output)
  if (clue === 'dubious-ownership')
    return error(
      'work-tree',
      `${folder} belongs to another user than ${name}: git will refuse it ("dubious ownership")`,
      `chown -R ${name} ${folder}`,
      `or: sudo -u ${name} git config --global --add safe.directory ${folder}`,
      ...ownerAsUser(folder, name),
    )
  if (clue === 'no-work-tree')
    return error('work-tree', `${folder} is no git work tree`, ...cloneLines(hook, folder, name))
  const said = clue === null ? lastLine(answer.output) : hintOf(clue, probe.surroundingsOf(hook))
  return error('work-tree', `git cannot work in ${folder}: ${said}`)
}

/** Nobody is told to let a hook run as root for the sake of a folder. */
function ownerAsUser(folder: string, user: string): string[] {
  const owner = nameOf(statSync(folder, { throwIfNoEntry: false })?.uid ?? 0)
  return owner === 'root' || owner === user
    ? []
    : [`or set "user": ${JSON.stringify(owner)} in the hook`]
}

function changes({ folder, verbs }: GitUse, { output }: Answer): Finding[] {
  const files = output.split('\n')
  if (output === '' || !updating.some((verb) => verbs.has(verb))) return []
  const [first = ''] = files
  const many = files.length > 1 ? ` and ${files.length - 1} more` : ''
  const name = first.replace(/^.{1,2} +/, '')
  return [
    warning(
      'work-tree',
      `files in ${folder} were changed by hand (${name}${many}): an update of them will fail`,
      `git -C ${folder} stash`,
    ),
  ]
}

/** Null when no branch is checked out. */
async function branchOf(git: AskGit): Promise<string | null> {
  const { exitCode, output } = await git('symbolic-ref', '--quiet', '--short', 'HEAD')
  return exitCode === 0 ? lastLine(output) : null
}

/** The name of the remote that a branch follows. */
async function remoteOf(git: AskGit, branch: string): Promise<string | null> {
  const { exitCode, output } = await git('config', '--get', `branch.${branch}.remote`)
  return exitCode === 0 ? lastLine(output) : null
}

function detached({ folder, verbs }: GitUse): Finding {
  const found = `no branch is checked out in ${folder}`
  const mend = `git -C ${folder} switch BRANCH`
  return verbs.has('pull')
    ? error('branch', `${found}: "git pull" will fail`, mend)
    : warning('branch', found, mend)
}

function noUpstream({ folder }: GitUse, branch: string): Finding {
  const found = `${branch} in ${folder} follows no branch of a remote: "git pull" will fail`
  return error('branch', found, `git -C ${folder} branch --set-upstream-to=origin/${branch}`)
}

/** Deploys of `main` into a tree on `develop` go somewhere else than meant. */
function wrongBranch(hook: Hook, { folder, verbs }: GitUse, branch: string): Finding[] {
  if (verbs.has('checkout') || verbs.has('switch') || verbs.has('worktree')) return []
  const pushes = hook.triggers.filter(({ event }) => event === 'push')
  if (pushes.length === 0 || pushes.some((trigger) => starts(trigger, branch))) return []
  const wanted = pushes.flatMap(({ branches }) => branches ?? []).join(', ') || 'other branches'
  const found = `${folder} is on ${branch}, and pushes to ${wanted} start this hook`
  return [warning('branch', found, `git -C ${folder} switch ${wanted.split(', ')[0]}`)]
}

function starts({ branches, branchesIgnore }: Trigger, branch: string): boolean {
  if (branches !== null) return filter(branches, branch).matched
  return branchesIgnore === null || !filter(branchesIgnore, branch).matched
}
