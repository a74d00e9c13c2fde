/**
 * Whether the programs that a hook calls are where it would look for them. The hook's own shell is asked,
 * through its own door, and for what it does not find the places where "by hand" finds it.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Hook, Step } from '../model/hook.ts'
import { foreseenProblem } from '../run/spawn-problem.ts'
import { type Called, callsOf, everyStep } from './called.ts'
import { error, type Finding, ok, warning } from './finding.ts'
import type { Probe } from './probe.ts'

export async function checkPrograms(hook: Hook, probe: Probe): Promise<Finding[]> {
  const shells = [
    ...new Set(everyStep(hook).flatMap((step) => (step.kind === 'shell' ? step.shell : []))),
  ]
  const broken = shells.flatMap((shell) => shellProblem(shell, hook, probe))
  if (broken.length > 0) return broken
  const wrong = [
    ...(await Promise.all(everyStep(hook).map((step) => syntaxOf(step, hook, probe)))).flat(),
    ...(await missing(hook, probe)),
  ]
  if (wrong.length > 0) return wrong
  const names = [...new Set(everyStep(hook).flatMap((step) => programsOf(step, hook)))]
  return names.length === 0 ? [] : [ok('programs', `finds ${listed(names)}`)]
}

function shellProblem(shell: string, hook: Hook, probe: Probe): Finding[] {
  const problem = problemOf(shell, hook, probe)
  return problem === null ? [] : [error('shell', problem, 'correct "shell" in the hooks file')]
}

function problemOf(program: string, hook: Hook, probe: Probe): string | null {
  const env = probe.environmentOf(hook)
  return foreseenProblem({ argv: [program], workingDirectory: hook.workingDirectory, env })
}

/** Those that read a line without running it when told -n. */
const readsOnly = /^(sh|dash|bash|ash|ksh|mksh|zsh)$/

async function syntaxOf(step: Step, hook: Hook, probe: Probe): Promise<Finding[]> {
  if (step.kind !== 'shell' || !readsOnly.test(basename(step.shell))) return []
  const { exitCode, output } = await probe.ask(hook, [step.shell, '-n', '-c', step.line])
  if (exitCode === 0 || exitCode === null) return []
  const [said = ''] = output.split('\n')
  const found = `${step.shell} cannot read the line ${JSON.stringify(step.line)}: ${said}`
  return [error('syntax', found)]
}

// ---- what is not there -------------------------------------------------------------------------------

async function missing(hook: Hook, probe: Probe): Promise<Finding[]> {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const [index, step] of everyStep(hook).entries()) {
    const calls = callsOf(step, hook.workingDirectory).filter(({ program }) => !seen.has(program))
    for (const { program } of calls) seen.add(program)
    for (const call of await unknownIn(step, calls, hook, probe)) {
      const finding = await judge(call, index === 0 && call === calls[0], hook, probe)
      if (finding !== null) findings.push(finding)
    }
  }
  return findings
}

/** Without a shell there are no commands but programs. */
async function unknownIn(
  step: Step,
  calls: readonly Called[],
  hook: Hook,
  probe: Probe,
): Promise<readonly Called[]> {
  if (step.kind !== 'shell') return calls
  const paths = calls.filter(({ program }) => program.includes('/'))
  const names = calls.map(({ program }) => program).filter((name) => /^[\w.+[][\w.+-]*$/.test(name))
  const asked = [...new Set(names)]
  const { exitCode, output } = await probe.ask(hook, [step.shell, '-c', KNOWN, 'sh', ...asked])
  // Another shell than POSIX's says nothing that we understand.
  if (exitCode !== 0 || !output.endsWith('.')) return paths
  const unknown = new Set(output.split('\n'))
  return [...paths, ...calls.filter(({ program }) => unknown.has(program))]
}

/** Prints the names that this shell does not know, as commands of its own or on PATH. */
const KNOWN = 'for name do command -v "$name" >/dev/null || echo "$name"; done; echo .'

/** A file that an earlier command may make is only warned of. */
async function judge(
  { program, folder }: Called,
  first: boolean,
  hook: Hook,
  probe: Probe,
): Promise<Finding | null> {
  if (program.includes('/')) {
    if (folder === null) return null
    const problem = problemOf(resolve(folder, program), hook, probe)
    if (problem === null) return null
    const later = `${problem}; it may be there once the lines before it have run`
    return first ? error('programs', problem) : warning('programs', later)
  }
  const problem = problemOf(program, hook, probe)
  if (problem === null) return null
  const path = probe.environmentOf(hook).PATH ?? ''
  const found = `${program} is not on the hook's PATH (${path})`
  const shell = `${program} is a command of bash, and the hook's shell is not bash`
  if (bashOnly.test(program)) return error('programs', shell, '"shell": "/bin/bash"')
  const place = await placeByHand(program, hook, probe)
  if (place === null) return error('programs', found, `install ${program}, or write its whole path`)
  return error(
    'programs',
    `${found}; by hand it is found in ${place.folder}, because ${place.why}`,
    `write ${join(place.folder, program)}, or add to the hook:`,
    `"env": { "PATH": "${place.folder}:${path}" }`,
  )
}

const bashOnly = /^(source|\[\[|pushd|popd|shopt|declare|let|mapfile|readarray)$/

// ---- by hand -----------------------------------------------------------------------------------------

interface Place {
  readonly folder: string
  readonly why: string
}

async function placeByHand(program: string, hook: Hook, probe: Probe): Promise<Place | null> {
  const here = hook.workingDirectory
  const { home, name } = probe.userOf(hook)
  const own = (process.env.PATH ?? '').split(':')
  const near = ['.venv/bin', 'venv/bin', 'node_modules/.bin'].map((path) => join(here, path))
  const places: Place[] = [
    ...own.map((folder) => ({ folder, why: "your shell's PATH has it" })),
    ...near.map((folder) => ({ folder, why: 'you activate it there' })),
    ...(await loginPath(hook, probe)).map((folder) => ({
      folder,
      why: `the PATH of a login of ${name} has it`,
    })),
    ...['.local/bin', 'bin'].map((path) => ({ folder: join(home, path), why: 'a login adds it' })),
  ]
  return (
    places.find(({ folder }) => folder.startsWith('/') && isProgram(join(folder, program))) ?? null
  )
}

/** What the profile of the user makes of PATH. Accounts of services may have no shell to log in to. */
async function loginPath(hook: Hook, probe: Probe): Promise<string[]> {
  const { shell } = probe.userOf(hook)
  if (!/\/(ba|da|z|k|a)?sh$/.test(shell)) return []
  const asking = { env: { TERM: 'dumb' }, folder: '/', timeoutMs: 5000 }
  const { exitCode, output } = await probe.ask(hook, [shell, '-lc', 'echo "=$PATH"'], asking)
  const last = output.split('\n').findLast((line) => line.startsWith('=/'))
  return exitCode === 0 && last ? last.slice(1).split(':') : []
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function programsOf(step: Step, hook: Hook): string[] {
  const shell = step.kind === 'shell' ? [step.shell] : []
  const names = callsOf(step, hook.workingDirectory).map(({ program }) => program)
  return [
    ...shell,
    ...names.filter(
      (name) =>
        !/^(cd|echo|true|false|exit|set|export|test|\[|:|umask|wait|exec|\.|source|eval|read|printf|unset|ulimit|trap)$/.test(
          name,
        ),
    ),
  ]
}

function listed(names: readonly string[]): string {
  const more = names.length - 6
  return names.slice(0, 6).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
