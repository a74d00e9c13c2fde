/** One command line from its words to its exit code. Whatever is thrown ends here, as a sentence. */

import { CommanderError } from 'commander'
import { messageOf, RunhookError } from '../errors.ts'
import { printable } from './printable.ts'
import { createProgram } from './program.ts'
import type { Terminal } from './terminal.ts'

const USAGE = 2

export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  let exitCode = 0
  const program = createProgram(terminal, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (thrown) {
    // commander has said its own already, and also "throws" that help was printed.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : USAGE
    await tell(thrown, terminal)
    return exitCodeOf(thrown, words[0] === 'serve' || words[0] === 'worker')
  }
}

async function tell(thrown: unknown, { talk, environment }: Terminal): Promise<void> {
  const hint = thrown instanceof RunhookError && thrown.hint !== null ? ` ${thrown.hint}` : ''
  // It may quote what a stranger wrote.
  const message = (messageOf(thrown) + hint).split('\n').map(printable).join('\n')
  await talk.write(`${talk.style('red', 'error:')} ${message}\n`)
  if (environment.RUNHOOK_DEBUG === '1' && thrown instanceof Error) {
    await talk.write(`${thrown.stack}\n`)
  }
}

/** 78 keeps systemd from restarting a server; from any other verb a wrong file is a failed check. */
function exitCodeOf(thrown: unknown, serving: boolean): number {
  if (!(thrown instanceof RunhookError)) return 1
  return thrown.exitCode > 5 && !serving ? 1 : thrown.exitCode
}
