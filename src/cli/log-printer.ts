/**
 * The log of a run on paper: each step's line where its section begins, then its output, and how it ended
 * when it failed and another step follows (how the run ended is said elsewhere). A terminal gets colours, no
 * other escape sequence and no endless lines; a file or a pipe gets the bytes as they are.
 */

import type { StepRecord } from '../model/run.ts'
import { keepColours } from '../show/escapes.ts'
import { cutLongLines } from '../show/long-lines.ts'
import { printable } from './printable.ts'
import { signOf } from './run-words.ts'
import type { Paper } from './terminal.ts'

export interface LogPrinter {
  output(piece: Uint8Array | string): Promise<void>
  /** Printed once for each step, on a line of its own; told again when it has ended. */
  step(step: StepRecord): Promise<void>
  /** Takes the last colour back; on a terminal it ends the last line too. */
  end(): Promise<void>
}

export function createLogPrinter(out: Paper): LogPrinter {
  const onTerminal = out.columns !== null
  const decoder = new TextDecoder()
  const colours = keepColours()
  const lines = cutLongLines()
  let last: StepRecord | null = null
  let atLineStart = true

  const textOf = (piece: Uint8Array | string) =>
    typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })
  const forTerminal = (text: string) =>
    lines
      .cut(text)
      .map(({ shown, mark, end }) => colours.filter(shown) + mark + colours.filter(end))
      .join('')
  const output = async (piece: Uint8Array | string) => {
    const shown = onTerminal ? forTerminal(textOf(piece)) : piece
    if (shown.length === 0) return
    atLineStart = typeof shown === 'string' ? shown.endsWith('\n') : shown.at(-1) === NEWLINE
    await out.write(shown)
  }
  const breakLine = async () => {
    if (onTerminal) await out.write(lines.end() + colours.end())
    if (!atLineStart) await out.write('\n')
    atLineStart = true
  }
  return {
    output,
    async step(step) {
      const before = last
      last = step
      if (before?.number === step.number) return
      await breakLine()
      if (before !== null && before.reason !== null)
        await out.write(`${out.style(signOf(before).format, failureLine(before))}\n`)
      if (step.phase !== (before?.phase ?? 'run'))
        await out.write(`${out.style('bold', `-- ${step.phase}`)}\n`)
      await out.write(`${out.style('bold', titleOf(step))}\n`)
    },
    async end() {
      if (!onTerminal) return
      await output(decoder.decode())
      await breakLine()
    },
  }
}

const NEWLINE = 0x0a

/** `✗ failed with exit code 1` */
function failureLine(step: StepRecord): string {
  return `${signOf(step).text} ${printable(step.reason ?? '')}`
}

/** A name stands above its line, as a comment does. */
function titleOf({ name, title }: StepRecord): string {
  const comment = name === null ? '' : `# ${printable(name)}\n`
  return `${comment}$ ${title.split('\n').map(printable).join('\n  ')}`
}
