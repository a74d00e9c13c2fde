/**
 * Why a command failed, where its exit code and its last words let it be known: the complaint everybody has
 * of such servers is "it works by hand". A word of the output is repeated only where it is the name of
 * something on this machine or stands in the hooks file: the rest may be a stranger's.
 */

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { barrier, whose } from './access.ts'
import type { CommandSpec } from './command.ts'
import { interpreterProblem } from './spawn-problem.ts'

/** The end of a sentence "failed with exit code 127: …"; null when nothing is known. */
export function causeOf(
  exitCode: number | null,
  lastWords: string,
  spec: CommandSpec,
): string | null {
  if (exitCode === 0 || exitCode === null) return null
  const lines = lastWords.split('\n').filter(Boolean).slice(-20).reverse()
  for (const line of lines) {
    const cause = causeInLine(line, exitCode, spec)
    if (cause !== null) return cause
  }
  return null
}

function causeInLine(line: string, exitCode: number, spec: CommandSpec): string | null {
  const home = homeCause(line, spec)
  if (home !== null) return home
  const missing = missingIn(line)
  if (missing !== null && (exitCode === 127 || exitCode === 126)) return missingCause(missing, spec)
  const [, denied] =
    /(?:^|[\s'"`‘:])([\w@%+=.,~/-]{1,200})['"`’]?: Permission denied/.exec(line) ?? []
  if (denied !== undefined) return deniedCause(denied, exitCode, spec)
  const [, folder] = /detected dubious ownership in repository at '([^']{1,200})'/.exec(line) ?? []
  if (folder !== undefined && existsSync(folder))
    return `git works in a folder only for its owner, and ${folder} is another's: ${whose(folder)}. Set "user" to the owner, or run: git config --global --add safe.directory ${folder}`
  return null
}

/** A home that is not there, such as `/nonexistent` of accounts of services, where something is wanted in it. */
function homeCause(line: string, { env: { HOME = '/' }, terms }: CommandSpec): string | null {
  const begins = line.indexOf(HOME)
  const next = line[begins + HOME.length] ?? ''
  if (begins < 0 || HOME === '/' || /[\w.-]/.test(next)) return null
  if (!/No such file|Permission denied|ENOENT|EACCES|cannot create/i.test(line)) return null
  if (isThere(HOME)) return null
  const own = terms?.user?.home === HOME ? terms.user.name : null
  return own === null
    ? `HOME is ${HOME}, which does not exist; set "HOME" in "env" to a folder that does, or leave it out`
    : `HOME is ${HOME}, the home of ${own}, which does not exist; set "HOME" in "env" to a folder of ${own}`
}

/** What may not be looked at is taken to be there. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}

/** As sh, bash, zsh, env(1) and git say it. */
const MISSING = [
  /^(?:\S*:\s+)?(?:line )?\d+: (?:exec: )?([\w@%+=.,/-]{1,100}): (?:command )?not found$/,
  /^\S*: (?:line \d+: )?([\w@%+=.,/-]{1,100}): (?:command not found|No such file or directory)$/,
  /^(?:\S*\/)?env: ['‘"]?([\w@%+=.,/-]{1,100})['’"]?: No such file or directory$/,
  /^\S*: (?:line \d+: )?([\w@%+=.,/-]{1,100}): .*bad interpreter: /,
  /^\S*: (?:line \d+: )?([\w@%+=.,/-]{1,100}): cannot execute: required file not found$/,
]

function missingIn(line: string): string | null {
  for (const pattern of MISSING) {
    const name = pattern.exec(line)?.[1]
    if (name !== undefined) return name
  }
  return null
}

function missingCause(name: string, spec: CommandSpec): string | null {
  const { PATH = '', HOME = '/' } = spec.env
  if (name.includes('/')) {
    const file = resolve(spec.workingDirectory, name)
    // The file is there: then what its first line asks for is not.
    if (existsSync(file)) return interpreterProblem(file)
    return isWritten(name, spec) ? `there is no ${file}` : null
  }
  const places = [...beside(spec.workingDirectory), ...elsewhere(HOME)]
    .map((place) => join(place, name))
    .filter(isProgram)
  const [found] = places
  if (found === undefined)
    return isWritten(name, spec)
      ? `command not found: ${name} is in no directory of PATH (${PATH})`
      : null
  const folder = found.slice(0, -name.length - 1)
  return `command not found: ${name} is not in PATH (${PATH}); it is in ${folder}: add that folder to PATH in "env"`
}

function deniedCause(name: string, exitCode: number, spec: CommandSpec): string | null {
  const file = resolve(spec.workingDirectory, name)
  if (!existsSync(file)) return null
  const user = spec.terms?.user ?? null
  const deeds =
    exitCode === 126 ? (['execute', 'read'] as const) : (['read', 'write', 'execute'] as const)
  for (const deed of deeds) {
    const found = barrier(file, deed, user)
    if (found !== null) return found
  }
  return null
}

/** Whether it stands in the step as the hooks file has it. */
function isWritten(name: string, { argv }: CommandSpec): boolean {
  return argv.some((word) => word.includes(name))
}

/** Where a project keeps programs of its own, which whoever works in it has activated. */
function beside(folder: string): string[] {
  const places = ['.venv/bin', 'venv/bin', 'node_modules/.bin', 'vendor/bin', 'bin']
  return places.map((place) => join(folder, place))
}

/** Where programs are that a login shell finds and a server's PATH does not. */
function elsewhere(home: string): string[] {
  const own = [
    '.local/bin',
    'bin',
    '.cargo/bin',
    'go/bin',
    '.bun/bin',
    '.deno/bin',
    '.volta/bin',
    '.npm-global/bin',
    '.yarn/bin',
    '.composer/vendor/bin',
    '.rbenv/shims',
    '.pyenv/shims',
    '.asdf/shims',
    '.local/share/mise/shims',
    '.nix-profile/bin',
  ].map((place) => join(home, place))
  const shared = ['/usr/local/go/bin', '/snap/bin', '/home/linuxbrew/.linuxbrew/bin', '/opt/bin']
  return [
    ...own,
    ...within(join(home, '.nvm/versions/node'), 'bin'),
    ...within(join(home, '.local/share/fnm/node-versions'), 'installation/bin'),
    ...within(join(home, '.rvm/rubies'), 'bin'),
    ...shared,
    ...within('/opt', 'bin'),
    ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  ]
}

/** The newest first, by its name. */
function within(folder: string, rest: string): string[] {
  try {
    const names = readdirSync(folder).toSorted((a, b) =>
      b.localeCompare(a, 'en', { numeric: true }),
    )
    return names.map((name) => join(folder, name, rest))
  } catch {
    return []
  }
}

function isProgram(file: string): boolean {
  try {
    const stats = statSync(file)
    return stats.isFile() && (stats.mode & 0o111) !== 0
  } catch {
    return false
  }
}
