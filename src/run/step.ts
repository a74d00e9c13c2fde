/**
 * One step of a run: its command started, waited for, and its end judged. What a person should know of it
 * beside its output stands there as a note.
 */

import { messageOf } from '../errors.ts'
import type { Hook, Step } from '../model/hook.ts'
import type { Phase, StepRecord } from '../model/run.ts'
import type { OutputWriter } from '../record/output.ts'
import type { OutputLog } from '../record/output-log.ts'
import type { Begun } from '../record/store.ts'
import { causeOf } from './cause.ts'
import type { Cgroups } from './cgroups.ts'
import { type CommandSpec, type Context, commandFor, type ProcessStep } from './command.ts'
import {
  aborted,
  conclude,
  type Known,
  notBegun,
  outOfTime,
  type StepOutcome,
} from './conclusion.ts'
import { type Clue, clueIn, hintFor } from './hint.ts'
import type { PayloadFiles } from './payload.ts'
import { begunStep } from './phases.ts'
import type { PipePool } from './pipe.ts'
import { type Ended, nothingRan, startProcess } from './process.ts'
import { sendSignal } from './signal.ts'
import type { Slots } from './slots.ts'
import { noteStarted, type Started, type StartedLine } from './started.ts'
import { strayNotes } from './strays.ts'
import { Tail } from './tail.ts'

export interface Work extends Begun {
  readonly hook: Hook
}

export interface ExecuteTools {
  readonly output: Pick<OutputLog, 'open'>
  readonly pipes: PipePool
  /** Commands start from these where they can; without them this process forks. */
  readonly slots?: Slots
  /** What a step starts is held together by these; without them, by its process group and its marker. */
  readonly cgroups?: Cgroups
  readonly payloads: PayloadFiles
  readonly started: Started
  /** As whom commands run: see `serverUser`. */
  readonly user: Context['user']
  readonly runsUrl: Context['runsUrl']
  /** Of the data directory: by it and the run's id its processes are found again. */
  readonly token: string
  /** Ends the run. Its reason is `cancel:<text>`, `interrupt:<text>` or `stop`. */
  readonly signal: AbortSignal
  /** Between TERM and KILL. */
  readonly graceMs?: number
  /** Called when a step starts and when it has ended. Offsets are of the whole stream, nothing cut. */
  readonly onStep?: (step: StepRecord) => void
}

/** One run in progress, in one of its phases. */
export interface Progress extends Work {
  readonly phase: Phase
  readonly tools: ExecuteTools
  readonly writer: OutputWriter
  readonly context: Context
  readonly deadline: number
  readonly graceMs: number
  readonly steps: StepRecord[]
}

/** Takes the step and records it. Resolves with what it makes of its run. */
export async function takeStep(progress: Progress, step: Step): Promise<StepOutcome> {
  const { hook, phase, tools, writer, graceMs, steps } = progress
  const { signal } = tools
  const number = steps.length + 1
  const left = progress.deadline - performance.now()
  if (signal.aborted) return notBegun(aborted(signal.reason))
  if (left <= 0) return notBegun(outOfTime(hook, number))
  const startedAt = Date.now()
  const begun = begunStep(step, { number, phase, startedAt, outputFrom: writer.written })
  tools.onStep?.(begun)
  const ownTime = step.timeoutMs !== undefined && step.timeoutMs < left
  const ended: Ended & Known =
    step.kind === 'signal' ? signalled(progress, step) : await ran(progress, step)
  writer.settle()
  const circumstances = { hook, step, number, graceMs, ownTime, abortReason: signal.reason }
  const outcome = conclude(ended, circumstances)
  const { status, says: reason, exitCode } = outcome
  const times = { finishedAt: Date.now(), outputTo: writer.written }
  const record = { ...begun, ...times, status, reason, exitCode, signal: outcome.signal }
  steps.push(record)
  tools.onStep?.(record)
  return outcome
}

function signalled(progress: Progress, step: Extract<Step, { kind: 'signal' }>): Ended {
  const { writer } = progress
  const line = startedLine(progress)
  try {
    if (line !== null) noteStarted(line)
  } catch (thrown) {
    return { ...nothingRan, problem: `${step.signal} was not sent: ${messageOf(thrown)}` }
  }
  const sent = sendSignal(step, progress.hook.terms.user)
  if ('problem' in sent) return { ...nothingRan, problem: sent.problem }
  writer.write(Buffer.from(`${sent.text}\n`))
  return { ...nothingRan, exitCode: 0 }
}

/** Of the first step alone: the run has started with it. */
function startedLine({ tools, run, steps }: Progress): StartedLine | null {
  return steps.length === 0 ? tools.started.lineOf(run.id) : null
}

async function ran(progress: Progress, step: ProcessStep): Promise<Ended & Known> {
  const { tools, writer, context, deadline, graceMs } = progress
  const { signal } = tools
  const spec = commandFor(step, context)
  if ('problem' in spec) return { ...nothingRan, problem: spec.problem }
  let lastByte = NEWLINE
  const tail = new Tail()
  const receive = (chunk: Uint8Array) => {
    lastByte = chunk.at(-1) ?? lastByte
    tail.add(chunk)
    writer.write(chunk)
  }
  const left = Math.max(1, deadline - performance.now())
  const timeoutMs = Math.min(step.timeoutMs ?? left, left)
  const running = startProcess(spec, tools.pipes, receive, {
    timeoutMs,
    graceMs,
    started: startedLine(progress),
    ...(tools.slots ? { slots: tools.slots } : {}),
    ...(tools.cgroups ? { cgroups: tools.cgroups } : {}),
  })
  const stop = () => running.end(aborted(signal.reason).status === 'cancelled' ? 'cancel' : 'stop')
  signal.addEventListener('abort', stop, { once: true })
  const ended = await running.ended
  signal.removeEventListener('abort', stop)
  const cause = ended.exitCode ? causeIn(tail.text(), ended.exitCode, spec, progress, step) : null
  for (const note of await notes(progress, ended)) {
    receive(Buffer.from(`${lastByte === NEWLINE ? '' : '\n'}[runhook: ${note}]\n`))
  }
  return { ...ended, cause }
}

/** Where the words alone point at something broad, what is found on this machine may say more. */
const BROAD = new Set<Clue | null>([
  null,
  'dubious-ownership',
  'not-found',
  'permission',
  'interpreter',
  'carriage-return',
])

function causeIn(
  words: string,
  exitCode: number,
  spec: CommandSpec,
  { context }: Progress,
  { kind }: Step,
): string {
  const { name: user, home } = context.user
  const found = BROAD.has(clueIn(words)) ? causeOf(exitCode, words, spec) : null
  return found ?? hintFor(words, exitCode, { ...spec, user, home }, kind === 'shell')
}

const NEWLINE = 0x0a

async function notes({ tools, run, hook, graceMs }: Progress, ended: Ended): Promise<string[]> {
  const keep = hook.terms.leftovers === 'keep'
  if (keep && ended.endedBy !== null) await tools.cgroups?.endKept(String(run.id), graceMs)
  return strayNotes(ended, { token: tools.token, runId: run.id, graceMs, keep })
}
