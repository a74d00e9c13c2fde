/**
 * The log: one line per fact. JSON lines when a machine reads, short human lines on a terminal.
 * Callers never hand it a secret, a payload or a whole header set; `redact` is the belt beside that.
 */

import { styleText } from 'node:util'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import { LogLines } from './log-lines.ts'

export type Log = Logger

/** Names that must never reach a log line with their value, should a caller slip. */
const redact = ['secret', 'token', 'authorization', '*.secret', '*.token', '*.authorization']

export function createLog(options: { pretty: boolean; level?: string }): Log {
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact,
  }
  return pino(settings, options.pretty ? { write: writePretty } : gathered())
}

function gathered(): { write(line: string): void } {
  const out = new LogLines(1)
  process.on('exit', () => out.writeLast())
  return out
}

/** For tests and for verbs that have nothing to tell. */
export function silentLog(): Log {
  return pino({ level: 'silent' })
}

function writePretty(line: string): void {
  const entry: { level: string; time: string; msg?: string } = JSON.parse(line)
  const clock = new Date(entry.time).toTimeString().slice(0, 8)
  process.stdout.write(
    `${styleText('dim', clock)}  ${coloured(entry.level, harmless(entry.msg ?? ''))}\n`,
  )
}

function coloured(level: string, text: string): string {
  if (level === 'error' || level === 'fatal') return styleText('red', text)
  if (level === 'warn') return styleText('yellow', text)
  return text
}

/** Branch names and paths come from strangers: no escape sequence or bidi control reaches a terminal. */
function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd')
}
