/**
 * A shell for the command line, in this process: words in; what was printed, and the exit code, out. A
 * terminal of 100 columns without colours unless the test says otherwise.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommandLine } from '../../src/cli/command-line.ts'
import type { Paper, Terminal } from '../../src/cli/terminal.ts'
import { aWorld, NOW, serveWorld, type World } from '../show/world.ts'
import { aDirectory } from '../some.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly talk: string
  /** Both, in the order in which they were written: what a person sees. */
  readonly screen: string
}

export interface Shell {
  readonly folder: string
  readonly world: World
  /** Writes a file into the folder. */
  put(name: string, content: string | object): void
  run(...words: string[]): Promise<Said>
  /** Starts a command; what it has printed so far can be looked at. */
  start(...words: string[]): { readonly said: { out: string; screen: string }; done: Promise<Said> }
}

export interface ShellOptions {
  readonly columns?: number | null
  readonly colours?: boolean
  readonly environment?: Record<string, string>
  readonly input?: string | Buffer
}

/** Without a server; its data folder is where a hooks.json in the folder would put it. */
export function aShell(options: ShellOptions = {}): Shell {
  const folder = aDirectory()
  const start = (...words: string[]) => {
    const said = { out: '', talk: '', screen: '' }
    const terminal = aTerminal(folder, options, said)
    return { said, done: runCommandLine(words, terminal).then((code) => ({ code, ...said })) }
  }
  return {
    folder,
    world: aWorld(join(folder, '.runhook')),
    put(name, content) {
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      writeFileSync(join(folder, name), text, { mode: 0o600 })
    },
    run: (...words) => start(...words).done,
    start,
  }
}

export async function aShellWithServer(options: ShellOptions = {}) {
  const shell = aShell(options)
  return { ...shell, server: await serveWorld(shell.world) }
}

function aTerminal(
  folder: string,
  { columns = 100, colours = false, environment = {}, input = '' }: ShellOptions,
  said: { out: string; talk: string; screen: string },
): Terminal {
  const paper = (name: 'out' | 'talk'): Paper => ({
    columns,
    async write(text) {
      const shown = typeof text === 'string' ? text : Buffer.from(text).toString('latin1')
      said[name] += shown
      said.screen += shown
    },
    style: (format, text) => (colours ? `<${format}>${text}</>` : text),
  })
  return {
    out: paper('out'),
    talk: paper('talk'),
    folder,
    environment,
    user: 'ada',
    now: () => NOW,
    input: async () => Buffer.from(input),
    async *inputPieces() {
      yield Buffer.from(input)
    },
    secret: async () => null,
  }
}
