/**
 * Where a verb reads and writes: data to `out`, talk to `talk`. Handed in, so that a verb is tried in a
 * test as it runs in a shell. Colours follow the terminal and NO_COLOR.
 */

import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { styleText } from 'node:util'
import { askSecretly } from './ask.ts'

export type Format = Parameters<typeof styleText>[0]

export interface Paper {
  /** Width of the terminal; null when this is a file or a pipe, where nothing is cut or cleaned. */
  readonly columns: number | null
  write(text: string | Uint8Array): Promise<void>
  style(format: Format, text: string): string
}

export interface Terminal {
  readonly out: Paper
  readonly talk: Paper
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Who is at the keyboard, for the record of a run. */
  readonly user: string
  now(): number
  /** All of standard input. */
  input(): Promise<Buffer>
  /** The same as it comes. */
  inputPieces(): AsyncIterable<Uint8Array>
  /** What is typed after the question, and not shown; null when nobody is there to type. */
  secret(question: string): Promise<string | null>
}

export function createTerminal(user: string): Terminal {
  return {
    out: createPaper(process.stdout),
    talk: createPaper(process.stderr),
    folder: process.cwd(),
    environment: process.env,
    user,
    now: Date.now,
    input: () => buffer(process.stdin),
    inputPieces: () => process.stdin,
    secret: (question) => askSecretly(question, process.stdin, process.stderr),
  }
}

function createPaper(stream: NodeJS.WriteStream): Paper {
  const colours = stream.isTTY && stream.hasColors()
  return {
    columns: stream.isTTY ? stream.columns || 80 : null,
    async write(text) {
      if (!stream.write(text)) await once(stream, 'drain')
    },
    style: (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text),
  }
}
