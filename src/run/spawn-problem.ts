/**
 * Why a command could not be started, for the person who can mend it. The system's answer is one word
 * for many causes (a missing folder, a missing program and a missing interpreter are all ENOENT), so
 * the cause is looked up where the system would have looked.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf, systemCode } from '../errors.ts'
import { barrier } from './access.ts'
import type { CommandSpec } from './command.ts'
import { peek } from './peek.ts'

const TOO_MANY_FILES =
  'too many files are open. Raise LimitNOFILE= of the service or "ulimit -n", or lower "max-parallel"'

/** Why the files that a run needs could not be made. */
export function fileProblem(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : null
  const code = systemCode(cause) ?? systemCode(thrown)
  return code === 'EMFILE' || code === 'ENFILE' ? TOO_MANY_FILES : messageOf(thrown)
}

/** One or two sentences without the closing full stop. `thrown` is what `spawn` threw or emitted. */
export function spawnProblem(thrown: unknown, spec: CommandSpec): string {
  switch (systemCode(thrown)) {
    case 'ENOENT':
    case 'EACCES':
    case 'ENOTDIR':
    case 'ENOEXEC':
      return directoryProblem(spec.workingDirectory) ?? programProblem(spec) ?? plain(thrown, spec)
    case 'E2BIG':
      return 'argument list too long: the arguments and environment of one command may not be larger than the system allows. Read large values from the file $HOOK_PAYLOAD instead'
    case 'EAGAIN':
      return 'the system allows no more processes. Raise TasksMax= of the service or "ulimit -u", or lower "max-parallel"'
    case 'ENOMEM':
      return 'there is not enough memory to start another process'
    case 'EMFILE':
    case 'ENFILE':
      return TOO_MANY_FILES
    default:
      return plain(thrown, spec)
  }
}

/**
 * Why a command of another user ended with 126 or 127, the codes of the shell that was to become it, where
 * nothing of the command itself ran; null when it did.
 */
export function foreignProblem(exitCode: number | null, spec: CommandSpec): string | null {
  const user = spec.terms?.user ?? null
  if (user === null || (exitCode !== 126 && exitCode !== 127)) return null
  const folder = barrier(spec.workingDirectory, 'execute', user)
  if (folder !== null) {
    const same = folder.startsWith(`${spec.workingDirectory} `)
    return same
      ? `working directory ${folder}`
      : `working directory ${spec.workingDirectory}: ${folder}`
  }
  const file = fileOf(spec)
  if (file === null || kindOf(file) !== 'file') return programProblem(spec)
  // What loads has run, and has its code from what it did.
  return barrier(file, 'execute', user) ?? (loads(file) ? null : programProblem(spec))
}

/** False when it is sure to fail, so that it is started in the way that tells why. */
export function mayStart(spec: CommandSpec): boolean {
  if (directoryProblem(spec.workingDirectory) !== null) return false
  const file = fileOf(spec)
  return file !== null && kindOf(file) === 'file' && may(file, constants.X_OK) && loads(file)
}

/** A binary, or a script whose interpreter is there. */
function loads(file: string): boolean {
  const line = firstLine(file) ?? ''
  return line.startsWith('\x7fELF') || (line.startsWith('#!') && interpreterProblem(file) === null)
}

function plain(thrown: unknown, spec: CommandSpec): string {
  return `${spec.argv[0]} could not be started: ${messageOf(thrown)}`
}

function directoryProblem(path: string): string | null {
  const kind = kindOf(path)
  if (kind === 'missing')
    return `working directory ${path} does not exist. Create it, or correct "working-directory"`
  if (kind !== 'directory') return `working directory ${path} is not a directory`
  return may(path, constants.X_OK)
    ? null
    : `working directory ${barrier(path, 'execute', null) ?? `${path} may not be entered by this user`}`
}

/** Why its program would not start, as far as that can be seen without starting it; else null. */
export function foreseenProblem(spec: CommandSpec): string | null {
  return programProblem(spec, (file) => scriptProblem(file, spec))
}

function programProblem(spec: CommandSpec, problemOf = interpreterProblem): string | null {
  const [command] = spec.argv
  const file = fileOf(spec)
  if (file === null)
    return `command not found: ${command} is in no directory of PATH (${path(spec)})`
  if (kindOf(file) === 'missing') return `command not found: there is no ${file}`
  if (kindOf(file) === 'directory') return `${file} is a directory, not a command`
  if (kindOf(file) === 'other') return `${file} is no file that could be run`
  if (!may(file, constants.X_OK)) return `${file} is not executable. Run: chmod +x ${file}`
  return problemOf(file)
}

function fileOf(spec: CommandSpec): string | null {
  const [command] = spec.argv
  return command.includes('/') ? resolve(spec.workingDirectory, command) : onPath(spec)
}

/** The file that the name means: the first that may be run, else the first there is. */
function onPath(spec: CommandSpec): string | null {
  const files = path(spec)
    .split(':')
    .map((directory) => join(resolve(spec.workingDirectory, directory), spec.argv[0]))
    .filter((file) => kindOf(file) === 'file')
  return files.find((file) => may(file, constants.X_OK)) ?? files[0] ?? null
}

function path(spec: CommandSpec): string {
  return spec.env.PATH ?? ''
}

export function interpreterProblem(file: string): string | null {
  const line = firstLine(file)
  if (line === null) return null
  if (!line.startsWith('#!'))
    return `${file} exists, but what it needs to be loaded does not; it may be built for another system`
  const [interpreter = ''] = line.slice(2).trim().split(/[ \t]/)
  if (line.endsWith('\r'))
    return `the first line of ${file} ends with a carriage return, which becomes part of the interpreter's name. Save it with Unix line endings`
  if (kindOf(interpreter) === 'missing')
    return `the first line of ${file} asks for ${interpreter}, which does not exist. Install it, or correct that line`
  if (!may(interpreter, constants.X_OK))
    return `the first line of ${file} asks for ${interpreter}, which is not executable`
  return null
}

/** What has no first line of that kind is a binary, or is run by the shell. */
function scriptProblem(file: string, spec: CommandSpec): string | null {
  const line = firstLine(file)
  if (!line?.startsWith('#!')) return null
  const [, program] = /^#![ \t]*\S*\/env[ \t]+(?:-S[ \t]+)?([\w.+][\w.+-]*)/.exec(line) ?? []
  if (program === undefined || onPath({ ...spec, argv: [program] }) !== null)
    return interpreterProblem(file)
  return `the first line of ${file} asks for ${program}, which is in no directory of PATH (${path(spec)})`
}

/** The kernel reads no more than 256 bytes for it either. */
function firstLine(file: string): string | null {
  try {
    return peek(file, 256)?.bytes.toString('latin1').split('\n', 1)[0] ?? null
  } catch {
    return null
  }
}

function kindOf(path: string): 'missing' | 'directory' | 'file' | 'other' {
  const stats = stat(path)
  if (stats === null) return 'missing'
  if (stats.isFile()) return 'file'
  return stats.isDirectory() ? 'directory' : 'other'
}

function stat(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
