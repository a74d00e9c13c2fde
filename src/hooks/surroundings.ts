/**
 * What a command finds around it: its folder, its variables, its time. Each hook's own, else the file's
 * defaults, else ours.
 */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf } from '../errors.ts'
import type { Hook } from '../model/hook.ts'
import type { FileDraft, HookDraft } from './draft.ts'
import { parseDuration } from './duration.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import type { EnvWritten } from './schema-parts.ts'
import { readHeld } from './secrets.ts'

export function readFolder({ written, path, report }: HookDraft, file: FileDraft): string {
  const own = written['working-directory']
  const folder = resolve(file.folder, own ?? file.written.defaults?.['working-directory'] ?? '.')
  if (own !== undefined && file.role !== 'receiver')
    checkFolder([...path, 'working-directory'], own, folder, report)
  return folder
}

/** The file's defaults, then the hook's own. Without a prototype: the names are the user's. */
export async function readEnv({ written, path }: HookDraft, file: FileDraft): Promise<Hook['env']> {
  const own = await readValuesOf(written.env, [...path, 'env'], file)
  return Object.assign(Object.create(null), file.env, own)
}

/** What stands in "env". A server that only receives knows the names alone. */
export async function readValuesOf(
  env: EnvWritten | undefined,
  path: Path,
  { report, secrets, role }: Pick<FileDraft, 'report' | 'secrets' | 'role'>,
): Promise<Record<string, string>> {
  if (env === undefined) return {}
  checkEnv(path, env, report)
  const read = Object.entries(env).map(async ([name, value]): Promise<[string, string]> => {
    if (role === 'receiver') return [name, '']
    if (typeof value === 'string') return [name, value]
    const held = await readHeld([...path, name], value, secrets)
    if (held?.value.includes('\0'))
      report.error(
        [...path, name],
        `${held.label} holds a NUL character, which no command can take`,
      )
    if (held?.value === '') report.warn([...path, name], `${held.label} is empty`)
    return [name, held?.value ?? '']
  })
  return Object.fromEntries(await Promise.all(read))
}

export function readTimeout(
  { written, path, report }: HookDraft,
  file: FileDraft,
  respond: Hook['respond'],
): number {
  const byDefault = file.written.defaults?.timeout ?? (respond === 'output' ? '30s' : '10m')
  if (written.timeout === undefined)
    return readDuration(['defaults', 'timeout'], byDefault, report, { zero: false })
  return readDuration([...path, 'timeout'], written.timeout, report, { zero: false })
}

/** Milliseconds. What is no duration at all was refused with the shape of the file. */
export function readDuration(
  path: Path,
  text: string,
  report: Report,
  options: { zero: boolean },
): number {
  const duration = parseDuration(text)
  if ('problem' in duration) {
    report.error(path, `${JSON.stringify(text)} ${duration.problem}`)
    return 0
  }
  if (duration.ms === 0 && !options.zero)
    report.error(path, 'leaves no time at all; write "10m", say')
  return duration.ms
}

/** Also where no hook makes use of them. */
export function checkDefaults({ written, folder, report, role }: FileDraft): void {
  const { timeout, 'working-directory': directory } = written.defaults ?? {}
  if (timeout !== undefined) readDuration(['defaults', 'timeout'], timeout, report, { zero: false })
  if (directory !== undefined && role !== 'receiver')
    checkFolder(['defaults', 'working-directory'], directory, resolve(folder, directory), report)
}

/** Only a warning: a first deploy may be what makes the folder. */
function checkFolder(path: Path, written: string, folder: string, report: Report): void {
  if (/^~(\/|$)/.test(written)) {
    report.warn(path, `${folder} is meant: "~" is not expanded; write the whole path`)
    return
  }
  try {
    const found = statSync(folder, { throwIfNoEntry: false })
    if (found === undefined) report.warn(path, `${folder} does not exist on this machine`)
    else if (!found.isDirectory()) report.warn(path, `${folder} is not a folder`)
  } catch (error) {
    report.warn(path, `${folder} cannot be looked at: ${messageOf(error)}`)
  }
}

// ---- variables ---------------------------------------------------------------------------------------

/** A shell runs the file they name before each line; say so in a line of `run` if it is wanted. */
const runsCode = ['BASH_ENV', 'ENV', 'SHELLOPTS', 'BASHOPTS']
/** Every program loads the library they name. Some have a reason to, such as another malloc. */
const loadsCode = ['LD_PRELOAD', 'LD_AUDIT']

function checkEnv(path: Path, env: EnvWritten, report: Report): void {
  for (const [name, value] of Object.entries(env)) {
    const here = [...path, name]
    const [ours] = /^(HOOK|INPUT|RUNHOOK)_/i.exec(name) ?? []
    if (ours !== undefined)
      report.error(here, `a name that begins with ${ours.toUpperCase()} is runhook's own`, {
        at: 'key',
      })
    if (runsCode.includes(name))
      report.error(here, 'makes a shell run other code than "run" says', {
        at: 'key',
        hint: 'begin "run" with a line such as ". ./settings.sh"',
      })
    if (loadsCode.includes(name))
      report.warn(here, 'loads code into every program the command starts', { at: 'key' })
    if (typeof value === 'string' && value.includes('{{'))
      report.error(here, 'has "{{", and nothing is filled into "env"', {
        hint: 'a command finds values of the delivery in $HOOK_BRANCH and the like',
      })
  }
}
