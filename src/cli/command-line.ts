/** One command line from its words to its exit code. Whatever is thrown ends here, as a sentence. */

import { type Command, CommanderError } from 'commander'
import { messageOf, RunhookError } from '../errors.ts'
import { printable } from './printable.ts'
import { createProgram } from './program.ts'
import type { Terminal } from './terminal.ts'
import { mistake, withHelp } from './usage.ts'

const USAGE = 2

export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  let exitCode = 0
  const program = createProgram(terminal, (code) => {
    exitCode = code
  })
  const asked = withHelp(words, program)
  try {
    await program.parseAsync(asked, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) return endOf(thrown, asked, program, terminal)
    await tell(thrown, terminal)
    return exitCodeOf(thrown, words[0] === 'serve' || words[0] === 'worker')
  }
}

/** commander also "throws" that help was printed. */
async function endOf(
  thrown: CommanderError,
  words: readonly string[],
  program: Command,
  { talk }: Terminal,
): Promise<number> {
  if (thrown.exitCode === 0) return 0
  await talk.write(mistake(thrown, words, program))
  return USAGE
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
