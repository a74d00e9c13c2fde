/**
 * Which programs a step calls, and where: what can be told before it runs. What is only called perhaps
 * (in an `if`, behind `||`) or can be tolerated to be missing is left out, for a false alarm would cost
 * the trust in all the others.
 */

import { basename, resolve } from 'node:path'
import type { Hook, Step } from '../model/hook.ts'
import { type Token, tokensOf, type Word } from './words.ts'

export interface Called {
  /** The program, or a command of the shell itself. */
  readonly program: string
  /** Null where only running it would tell. */
  readonly words: readonly (string | null)[]
  /** Where it runs; null where the line moves to a place that is not known. */
  readonly folder: string | null
}

/** Those that follow a failure or a success too. */
export function everyStep({ steps, onFailure, onSuccess }: Hook): Step[] {
  return [...steps, ...onFailure, ...onSuccess]
}

export function callsOf(step: Step, workingDirectory: string): Called[] {
  if (step.kind === 'signal') return []
  if (step.kind === 'shell') return callsOfLine(step.line, workingDirectory)
  const [program, ...rest] = step.argv
  const words = rest.map((word) => (word.includes('{{') ? null : word))
  return [{ program, words, folder: workingDirectory }]
}

/** Words that begin what is more than a simple command. */
const compound =
  /^(if|then|else|elif|fi|do|done|case|esac|while|until|for|select|function|time|coproc|\{|\}|\[\[|!)$/
/** From them on the shell may know other commands, or look elsewhere. */
const unsettling = /^(eval|\.|source|exec|alias|hash|trap)$/
/** A line that asks whether a program is there can do without it. */
const asking = /^(command|type|which|hash|whence)$/

function callsOfLine(line: string, workingDirectory: string): Called[] {
  const calls: Called[] = []
  let folder: string | null = workingDirectory
  for (const list of listsOf(tokensOf(line))) {
    const has = (operator: RegExp) =>
      list.some((token) => 'operator' in token && operator.test(token.operator))
    if (has(/^([()]|;;)$/)) return calls
    const tolerant = has(/^\|\|$/)
    for (const words of commandsOf(list)) {
      const [first, ...rest] = words.filter((word, index) => !isAssignment(words, word, index))
      const setsPath = words.some(({ raw }) => /^PATH\+?=/.test(raw))
      if (first === undefined && !setsPath) continue
      if (first === undefined || setsPath || compound.test(first.raw)) return calls
      if (first.text === null) continue
      if (asking.test(first.text)) return []
      const given = rest.map(({ text }) => text)
      if (!tolerant) calls.push({ program: first.text, words: given, folder })
      if (unsettling.test(first.text)) return calls
      if (/^(cd|pushd|popd)$/.test(first.text)) folder = moved(folder, first.text, given)
    }
  }
  return calls
}

/** What stands between `;`, `&` and line ends. */
function listsOf(tokens: readonly Token[]): Token[][] {
  return splitAt(tokens, /^[;&\n]$/)
}

function commandsOf(list: readonly Token[]): Word[][] {
  const lists = splitAt(list, /^(&&|\|\||\||\|&)$/)
  return lists.map((tokens) => tokens.filter((token) => 'raw' in token))
}

function splitAt(tokens: readonly Token[], operator: RegExp): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of tokens) {
    if ('operator' in token && operator.test(token.operator)) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts
}

/** `NAME=value` before the program. */
function isAssignment(words: readonly Word[], { raw }: Word, index: number): boolean {
  const pattern = /^[A-Za-z_]\w*\+?=/
  return pattern.test(raw) && words.slice(0, index).every((word) => pattern.test(word.raw))
}

function moved(from: string | null, how: string, words: readonly (string | null)[]): string | null {
  const [to] = words.filter((word) => word !== '--')
  if (how !== 'cd' || typeof to !== 'string' || words.length > 2 || to === '-') return null
  return from === null && !to.startsWith('/') ? null : resolve(from ?? '/', to)
}

// ---- git ---------------------------------------------------------------------------------------------

/** What a hook's steps do with git in one folder. */
export interface GitUse {
  readonly folder: string
  /** `pull`, `fetch`, `status` … */
  readonly verbs: ReadonlySet<string>
}

/** Work trees that are made first (`clone`, `init`) need not be there yet. */
export function gitUses(steps: readonly Step[], workingDirectory: string): GitUse[] {
  const uses = new Map<string, Set<string>>()
  for (const call of steps.flatMap((step) => callsOf(step, workingDirectory))) {
    const used = basename(call.program) === 'git' ? gitUse(call) : null
    if (used === null) continue
    if (used.verb === 'clone' || used.verb === 'init') return [...asList(uses)]
    uses.set(used.folder, (uses.get(used.folder) ?? new Set()).add(used.verb))
  }
  return asList(uses)
}

function asList(uses: ReadonlyMap<string, ReadonlySet<string>>): GitUse[] {
  return [...uses].map(([folder, verbs]) => ({ folder, verbs }))
}

/** Null where it cannot be told, or no work tree is needed. */
function gitUse({ words, folder }: Called): { folder: string; verb: string } | null {
  let place = folder
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    if (word === null || word === undefined || /^--(git-dir|work-tree)/.test(word)) return null
    if (word === '-C') {
      const to = words[++index]
      place = typeof to === 'string' && place !== null ? resolve(place, to) : null
    } else if (word === '-c') index += 1
    else if (!word.startsWith('-')) {
      const anywhere = /^(config|version|help|ls-remote|credential)$/.test(word)
      return place === null || anywhere ? null : { folder: place, verb: word }
    }
  }
  return null
}
