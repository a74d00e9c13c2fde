/**
 * The `signal` step: what `kill -HUP $(cat file)` means to do, without what it gets wrong. A pid file
 * may be missing, empty, older than the process that has its number now, or name another user's; then
 * nothing is signalled and the reason is said. Only the one process named is ever signalled.
 */

import { userInfo } from 'node:os'
import { messageOf, systemCode } from '../errors.ts'
import type { HookUser, Step } from '../model/hook.ts'
import { peek } from './peek.ts'
import { commandLineOf, factsOf, isDead, type ProcessFacts, startedAt, userOf } from './proc.ts'

export type SignalStep = Extract<Step, { kind: 'signal' }>

interface PidFile {
  readonly pid: number
  readonly writtenAt: number
}

/** Start times are whole seconds and file systems round: so much later still counts as before. */
const SLACK_MS = 2000
/** A pid file holds one number; whatever is longer is something else. */
const LONGEST_FILE = 4096

type Tried = { readonly text: string } | { readonly problem: string; readonly refused: boolean }

/**
 * Sends the signal. `text` says to whom, for the output; `problem` why nothing was sent. As `user` only to a
 * process of that user: who may write the pid file must not choose one of another.
 */
export function sendSignal(
  step: SignalStep,
  user: HookUser | null = null,
): { text: string } | { problem: string } {
  const sent = signalBy(step, signalNamed(step.signal), user)
  if ('problem' in sent) return { problem: sent.problem }
  return { text: `sent ${step.signal.replace(/^SIG/, '')} to ${sent.text}` }
}

/** Sends nothing, and says to whom it would; `refused` where the process is there and not ours to signal. */
export function trySignal(step: SignalStep, user: HookUser | null = null): Tried {
  return signalBy(step, 0, user)
}

function signalBy(step: SignalStep, signal: NodeJS.Signals | 0, user: HookUser | null): Tried {
  const file = readPidFile(step.pidfile)
  if ('problem' in file) return { ...file, refused: false }
  const { pid } = file
  const facts = factsOf(pid)
  const name = nameOf(pid, facts)
  const stale = staleProblem(file, facts, name)
  if (stale !== null)
    return { problem: `pid file ${step.pidfile} is stale: ${stale}`, refused: false }
  const owner = userOf(pid)
  if (user !== null && owner !== null && owner !== user.uid)
    return {
      problem: `process ${pid}${name} runs as user ${owner}, and this hook as ${user.name}, who may not signal it`,
      refused: true,
    }
  try {
    process.kill(pid, signal)
  } catch (thrown) {
    const refused = systemCode(thrown) === 'EPERM'
    return { problem: refusal(thrown, step, pid, name), refused }
  }
  return { text: `process ${pid}${name}` }
}

function readPidFile(path: string): PidFile | { problem: string } {
  try {
    const file = peek(path, LONGEST_FILE)
    if (file === null) return { problem: `pid file ${path} is not a file` }
    if (file.size > LONGEST_FILE)
      return { problem: `pid file ${path} holds more than a process id` }
    const [text = ''] = file.bytes.toString('utf8').trim().split('\n', 1)
    const problem = pidProblem(text.trim())
    if (problem !== null) return { problem: `pid file ${path} ${problem}` }
    return { pid: Number(text), writtenAt: file.writtenAt }
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT')
      return { problem: `there is no pid file ${path}. Is the service running?` }
    return { problem: `pid file ${path} cannot be read: ${messageOf(thrown)}` }
  }
}

/** To the system 0 and negative numbers mean whole groups of processes, and 1 is init. */
function pidProblem(text: string): string | null {
  if (text === '') return 'is empty. Is the service still starting?'
  if (!/^-?\d{1,10}$/.test(text)) return 'does not hold a process id'
  if (Number(text) <= 1) return `holds ${text}, which is not the process of a service`
  return Number(text) === process.pid ? 'holds the process id of runhook itself' : null
}

function staleProblem(file: PidFile, facts: ProcessFacts | null, name: string): string | null {
  if (facts === null) return null
  if (isDead(facts)) return `process ${file.pid}${name} has ended`
  const started = startedAt(facts)
  if (started === null || started <= file.writtenAt + SLACK_MS) return null
  return `process ${file.pid}${name} started after it was written and must be another one`
}

function refusal(thrown: unknown, step: SignalStep, pid: number, name: string): string {
  switch (systemCode(thrown)) {
    case 'ESRCH':
      return `pid file ${step.pidfile} is stale: there is no process ${pid}`
    case 'EPERM':
      return `process ${pid}${name} runs as user ${userOf(pid) ?? 'unknown'}, and runhook, which runs as user ${userInfo().uid}, may not signal it`
    default:
      return `${step.signal} could not be sent to process ${pid}${name}: ${messageOf(thrown)}`
  }
}

/** With or without `SIG`. */
function signalNamed(name: string): NodeJS.Signals {
  // the hooks file's schema lets no other through
  return (name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals
}

/** ` (gunicorn: master [blog])`, or nothing. What a process calls itself may hold anything. */
function nameOf(pid: number, facts: ProcessFacts | null): string {
  const name = commandLineOf(pid) || facts?.name || ''
  return name === '' ? '' : ` (${name.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)})`
}
