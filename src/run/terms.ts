/**
 * The terms on which a command runs, as the words that a shell and small programs before it need: umask,
 * niceness, limits, user. They take effect from the outside in, so that the server's rights are there for
 * what needs them (a lower niceness) and gone before the command's own folder is entered.
 */

import { existsSync } from 'node:fs'
import type { Terms } from '../model/hook.ts'
import type { CommandSpec } from './command.ts'

export interface Entry {
  /** Where the shell that starts it stands; as another user it enters the folder itself. */
  readonly directory: string
  /** Lines for this shell. */
  readonly lines: readonly string[]
  /** The command, with what has to stand before it. */
  readonly argv: readonly string[]
}

/** Whether anything is asked that takes more than a plain start. */
export function hasTerms({ terms }: CommandSpec): boolean {
  return terms !== undefined && (terms.umask !== null || programs(terms, null).length > 0)
}

/** `byCgroup`: memory and processes are limited by a control group, so not here. */
export function entryOf(spec: CommandSpec, byCgroup: boolean): Entry | { problem: string } {
  const { argv, workingDirectory, terms } = spec
  if (terms === undefined) return { directory: workingDirectory, lines: [], argv }
  const before: string[] = []
  for (const [name, ...words] of programs(terms, byCgroup)) {
    const path = toolPath(name)
    if (path === null) return { problem: missing(name) }
    before.push(path, ...words)
  }
  const lines = terms.umask === null ? [] : [`umask ${terms.umask.toString(8).padStart(4, '0')}`]
  if (terms.user === null) return { directory: workingDirectory, lines, argv: [...before, ...argv] }
  return {
    directory: '/',
    lines,
    argv: [...before, '/bin/sh', '-c', ENTER, workingDirectory, ...argv],
  }
}

/** As the user, whose home may be closed to everybody else. A shell says what it could not do. */
const ENTER = 'cd "$0" && unset PWD OLDPWD && exec "$@"; exit 126'

/** Each with its arguments; see nice(1), prlimit(1), setpriv(1). */
function programs(terms: Terms, byCgroup: boolean | null): [string, ...string[]][] {
  const { user, nice } = terms
  const limits = prlimits(terms, byCgroup === true)
  return [
    ...(nice === null ? [] : [['nice', '-n', String(nice)] as [string, ...string[]]]),
    ...(limits.length === 0 ? [] : [['prlimit', ...limits, '--'] as [string, ...string[]]]),
    ...(user === null ? [] : [setpriv(user)]),
  ]
}

/**
 * `--init-groups` for the groups the user is in, which plain setuid would not give. Capabilities that a
 * server without root has been given are not passed on; root's go with the user id.
 */
function setpriv({ uid, gid }: NonNullable<Terms['user']>): [string, ...string[]] {
  const drop = process.getuid?.() === 0 ? [] : ['--inh-caps=-all', '--ambient-caps=-all']
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', ...drop, '--']
}

/** Of each process (memory), or of all of the user's together (processes; root is exempt): setrlimit(2). */
function prlimits({ limits }: Terms, byCgroup: boolean): string[] {
  const { memory, pids, openFiles } = limits
  return [
    ...(memory === null || byCgroup ? [] : [`--as=${memory}`]),
    ...(pids === null || byCgroup ? [] : [`--nproc=${pids}`]),
    ...(openFiles === null ? [] : [`--nofile=${openFiles}`]),
  ]
}

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

/** Not by the PATH of the command: these run with the server's rights. */
function toolPath(name: string): string | null {
  return (
    DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => existsSync(path)) ?? null
  )
}

function missing(name: string): string {
  const keys = { nice: '"nice"', prlimit: '"limits"', setpriv: '"user"' }
  const wanted = Object.entries(keys).find(([tool]) => tool === name)?.[1] ?? 'this hook'
  const packet = name === 'nice' ? 'coreutils' : 'util-linux'
  return `there is no ${name} on this machine, which ${wanted} needs. Install ${packet}`
}
