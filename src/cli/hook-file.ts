/** The hooks file for verbs that need a hook itself (its secret, its path) and not only the server. */

import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { RunhookError } from '../errors.ts'
import { type Loaded, loadConfig } from '../hooks/load.ts'
import { renderProblems } from '../hooks/problems.ts'
import { suggest } from '../hooks/suggest.ts'
import type { Config, Role } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'
import { configFile, type PlaceOptions } from './locate.ts'
import { printable } from './printable.ts'
import type { Paper, Terminal } from './terminal.ts'

export interface HookFile {
  readonly hook: Hook
  readonly config: Config
  readonly envFile: string
  /** Every file that was read, secrets among them. */
  readonly files: readonly string[]
}

export async function loadHook(
  name: string,
  options: PlaceOptions,
  terminal: Terminal,
): Promise<HookFile> {
  const { file, ...loaded } = await loadValid(options, terminal)
  return { hook: findHook(name, loaded.config, file), ...loaded }
}

/** Mistakes in the file are told, and end it: a hook may not mean what it says. */
export async function loadValid(
  options: PlaceOptions & { readonly role?: Role },
  terminal: Terminal,
) {
  const path = configFile(options, terminal)
  const { config, problems, envFile, files } = await load(path, options, terminal)
  const file = near(path, terminal)
  if (config) return { config, envFile, files, file }
  await terminal.talk.write(await problemText(path, problems, terminal, terminal.talk))
  throw new RunhookError('config', `${file} has mistakes.`)
}

/** `file` is its name for people. */
export function findHook(name: string, { hooks }: Config, file: string): Hook {
  const hook = hooks.get(name)
  if (hook) return hook
  throw unknownHook(name, [...hooks.keys()], file)
}

export function load(
  file: string,
  options: PlaceOptions & { readonly role?: Role },
  terminal: Terminal,
): Promise<Loaded> {
  return loadConfig(file, {
    ...(options.role === undefined ? {} : { role: options.role }),
    environment: terminal.environment,
    ...(options.data === undefined ? {} : { overrides: { data: options.data } }),
  })
}

/** Ends with a new line; empty when there is nothing to say. */
export async function problemText(
  file: string,
  problems: Loaded['problems'],
  terminal: Terminal,
  paper: Paper,
): Promise<string> {
  if (problems.length === 0) return ''
  const color = paper.style('red', '') !== ''
  const text = await readFile(file, 'utf8')
  return `${renderProblems(near(file, terminal), text, problems, { color })}\n`
}

/** Relative to here, unless it is somewhere else altogether; of "/", where services are started, everything is. */
export function near(file: string, { folder }: Pick<Terminal, 'folder'>): string {
  const path = relative(folder, file)
  return path.startsWith('..') || folder === '/' ? file : path
}

function unknownHook(name: string, known: readonly string[], file: string): RunhookError {
  const guess = suggest(name, known)
  const hint = guess === null ? `It has ${known.join(', ') || 'none'}.` : `Did you mean "${guess}"?`
  return new RunhookError('not-found', `There is no hook "${printable(name)}" in ${file}.`, {
    hint,
  })
}
