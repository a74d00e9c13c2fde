/**
 * A hooks file in use: read at the start, and again on SIGHUP and on change. A broken file at the start is
 * fatal; later it changes nothing and is told.
 */

import { readFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { messageOf, RunhookError } from '../errors.ts'
import type { Loaded } from '../hooks/load.ts'
import { renderProblems } from '../hooks/problems.ts'
import { watchConfig } from '../hooks/watch.ts'
import type { Log } from '../log.ts'
import type { Config } from '../model/config.ts'
import { untilNextStart } from './next-start.ts'
import type { Told } from './systemd.ts'

/** What uses the file. */
export interface User {
  reload(config: Config): Promise<void>
  /** Says that the file on disk is broken and the one before it stays. */
  configProblem(problem: string, mistakes: string | null): void
}

export interface ReloadParts {
  readonly file: string
  readonly first: Config
  readonly load: () => Promise<Loaded>
  readonly user: User
  readonly log: Log
  readonly systemd: Told
}

/** Rejects with a RunhookError when the file has mistakes, which have been printed. */
export async function firstConfig(file: string, loaded: Loaded, written: string): Promise<Config> {
  await report(file, loaded)
  if (loaded.config) return loaded.config
  throw new RunhookError('config', `${written} has mistakes; nothing was started.`)
}

/** One reload at a time; a change that comes during one is seen by the next. */
export function watchAndReload(first: Loaded, parts: ReloadParts): { close(): void } {
  const { systemd } = parts
  let turn = Promise.resolve()
  let watcher = { close() {} }
  const watch = ({ files }: Loaded) => {
    watcher.close()
    watcher = watchConfig(files, reload)
  }
  let closed = false
  const reload = () => {
    if (closed) return
    turn = turn.then(async () => {
      systemd.reloading()
      const loaded = await reloadOnce(parts)
      systemd.ready()
      if (loaded) watch(loaded) // it may name other secret files now
    })
  }
  watch(first)
  process.on('SIGHUP', reload)
  return {
    close() {
      closed = true // the handler stays: without one, a SIGHUP during the drain would end the process
      watcher.close()
    },
  }
}

async function reloadOnce(parts: ReloadParts): Promise<Loaded | null> {
  const { file, first, load, user, log } = parts
  const name = basename(file)
  try {
    const result = await load()
    await report(file, result)
    if (result.config) {
      await user.reload(result.config)
      const { hooks, server: written } = result.config
      const later = untilNextStart(first.server, written)
      log.info({ hooks: hooks.size }, `    ${name} reloaded: ${inWords(hooks.size)}${later}`)
      return result
    }
    const errors = result.problems.filter((problem) => problem.severity === 'error')
    const mistakes = errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`
    const text = await readFile(file, 'utf8').catch(() => '') // of a file that has just gone again
    const list = renderProblems(name, text, result.problems, { color: false })
    keepGoing(`${name} has ${mistakes}; the one before it stays in use`, list, parts)
    return result
  } catch (error) {
    const hint = error instanceof RunhookError ? error.hint : null
    const problem = `${name} cannot be loaded: ${messageOf(error)} The one before it stays in use`
    keepGoing(problem, hint, parts)
    return null
  }
}

async function report(file: string, result: Loaded): Promise<void> {
  if (result.problems.length === 0) return
  const text = await readFile(file, 'utf8')
  const color = process.stderr.isTTY === true
  process.stderr.write(`${renderProblems(shortPath(file), text, result.problems, { color })}\n`)
}

function keepGoing(problem: string, mistakes: string | null, { user, log }: ReloadParts): void {
  user.configProblem(problem, mistakes)
  log.error(`    ${problem}`)
}

export function inWords(hooks: number): string {
  return hooks === 1 ? '1 hook' : `${hooks} hooks`
}

/** Relative to here where that is shorter; not to "/", where services are started. */
export function shortPath(path: string, here = process.cwd()): string {
  const near = relative(here, path)
  return near.startsWith('..') || here === '/' ? path : near
}
