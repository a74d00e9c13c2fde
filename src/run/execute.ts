/**
 * One run from its first step to its end. Whatever happens, the run ends with a status and a reason, its
 * payload file is removed and its output is closed.
 */

import { userInfo } from 'node:os'
import { messageOf } from '../errors.ts'
import type { Hook, Phase, RunEnd, Step, StepRecord } from '../model.ts'
import type { Closed, OutputLog, OutputWriter } from '../record/output.ts'
import type { Begun } from '../record/store.ts'
import { causeOf, LAST_WORDS } from './cause.ts'
import type { Cgroups } from './cgroups.ts'
import { type Context, commandFor, type ProcessStep } from './command.ts'
import {
  aborted,
  allTaken,
  conclude,
  type Known,
  notBegun,
  type Outcome,
  outOfTime,
  type StepOutcome,
  titleOf,
} from './conclusion.ts'
import { markerOf } from './leftovers.ts'
import { lazyPayload, type PayloadFiles } from './payload.ts'
import { begunStep, phaseAfter, stepsOf, together } from './phases.ts'
import type { PipePool } from './pipe.ts'
import { type Ended, GRACE_MS, nothingRan, startProcess } from './process.ts'
import { sendSignal } from './signal.ts'
import type { Slots } from './slots.ts'
import { fileProblem } from './spawn-problem.ts'
import { noteStarted, type Started, type StartedLine } from './started.ts'
import { strayNotes } from './strays.ts'

export interface Work extends Begun {
  readonly hook: Hook
}

export interface ExecuteTools {
  readonly output: OutputLog
  readonly pipes: PipePool
  /** Commands start from these where they can; without them this process forks. */
  readonly slots?: Slots
  /** What a step starts is held together by these; without them, by its process group and its marker. */
  readonly cgroups?: Cgroups
  readonly payloads: PayloadFiles
  readonly started: Started
  /** As whom commands run: see `serverUser`. */
  readonly user: Context['user']
  readonly publicUrl: string | null
  /** Of the data directory: by it and the run's id its processes are found again. */
  readonly token: string
  /** Ends the run. Its reason is `cancel:<text>` or `stop`. */
  readonly signal: AbortSignal
  /** Between TERM and KILL. */
  readonly graceMs?: number
  /** Called when a step starts and when it has ended. Offsets are of the whole stream, nothing cut. */
  readonly onStep?: (step: StepRecord) => void
}

/** One run in progress, in one of its phases. */
interface Progress extends Work {
  readonly phase: Phase
  readonly tools: ExecuteTools
  readonly writer: OutputWriter
  readonly context: Context
  readonly deadline: number
  readonly graceMs: number
  readonly steps: StepRecord[]
}

/** Carries out the run. Resolves with its end; what cannot be done is a `failure` with its reason. */
export async function executeRun(work: Work, tools: ExecuteTools): Promise<RunEnd> {
  const nothing = { exitCode: null, signal: null, outputBytes: 0, outputCut: 0, steps: [] }
  if (tools.signal.aborted)
    return { ...nothing, ...aborted(tools.signal.reason, 'before it started') }
  const deadline = performance.now() + work.hook.timeoutMs
  const phase = 'run'
  let writer: OutputWriter
  try {
    await writePayload(work, tools)
    writer = tools.output.open(work.run.id)
  } catch (thrown) {
    tools.payloads.release(work.run.id)
    return { ...nothing, status: 'failure', reason: `nothing was run: ${fileProblem(thrown)}` }
  }
  const graceMs = tools.graceMs ?? GRACE_MS
  const context = contextOf(work, tools)
  const about = { ...work, tools, writer, context, graceMs, steps: [] }
  const progress: Progress = { ...about, phase, deadline }
  let closed: Closed
  let outcome: Outcome
  try {
    outcome = await carryOut(progress)
  } finally {
    tools.payloads.release(work.run.id)
    closed = await writer.close()
  }
  return endOf(outcome, closed, progress.steps)
}

function contextOf({ hook, run, delivery, lastSuccess }: Work, tools: ExecuteTools): Context {
  return {
    hook,
    run,
    delivery,
    lastSuccess,
    after: null,
    payloadFile: tools.payloads.pathOf(run.id),
    user: hook.terms.user ?? tools.user,
    timeZone: process.env.TZ ?? null,
    publicUrl: tools.publicUrl,
    marker: markerOf(tools.token, run.id),
    payload: lazyPayload(delivery),
  }
}

/** Asked once per server, because the answer is read from a file. In a container it may have no name. */
export function serverUser(): Context['user'] {
  try {
    const { username, homedir, shell } = userInfo()
    return { name: username, home: homedir, shell: shell ?? '/bin/sh' }
  } catch {
    return { name: String(process.getuid?.() ?? ''), home: '/', shell: '/bin/sh' }
  }
}

async function writePayload(
  { run, delivery, hook }: Work,
  { payloads }: ExecuteTools,
): Promise<void> {
  try {
    await payloads.write(run.id, delivery, hook.terms.user)
  } catch (cause) {
    throw new Error(`the payload could not be written: ${messageOf(cause)}`, { cause })
  }
}

/** The steps, then those that follow them, which have as much time again. */
async function carryOut(progress: Progress): Promise<Outcome> {
  const { hook, run, context } = progress
  const { outcome, failed } = await takeAll(progress)
  const phase = phaseAfter(outcome, hook, run)
  if (phase === null) return outcome
  const after = {
    status: outcome.status,
    failedStep: failed?.name ?? (failed && titleOf(failed)) ?? '',
  }
  const deadline = performance.now() + hook.timeoutMs
  const next = await takeAll({ ...progress, phase, deadline, context: { ...context, after } })
  return together(outcome, phase, next.outcome)
}

/** All steps of a phase, up to the one that failed. */
async function takeAll(progress: Progress): Promise<{ outcome: Outcome; failed: Step | null }> {
  const continued: StepOutcome[] = []
  for (const step of stepsOf(progress.hook, progress.phase)) {
    const outcome = await takeStep(progress, step)
    if (outcome.status === 'success') continue
    if (outcome.final || !step.continueOnError) return { outcome, failed: step }
    continued.push(outcome)
  }
  return { outcome: allTaken(continued), failed: null }
}

async function takeStep(progress: Progress, step: Step): Promise<StepOutcome> {
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
  let lastWords = Buffer.alloc(0)
  const receive = (chunk: Uint8Array) => {
    lastByte = chunk.at(-1) ?? lastByte
    lastWords = Buffer.concat([lastWords, chunk.subarray(-LAST_WORDS)]).subarray(-LAST_WORDS)
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
  const cause = causeOf(ended.exitCode, lastWords.toString('utf8'), spec)
  for (const note of await notes(progress, ended)) {
    receive(Buffer.from(`${lastByte === NEWLINE ? '' : '\n'}[runhook: ${note}]\n`))
  }
  return { ...ended, cause }
}

const NEWLINE = 0x0a

async function notes({ tools, run, hook, graceMs }: Progress, ended: Ended): Promise<string[]> {
  const keep = hook.terms.leftovers === 'keep'
  if (keep && ended.endedBy !== null) await tools.cgroups?.endKept(String(run.id), graceMs)
  return strayNotes(ended, { token: tools.token, runId: run.id, graceMs, keep })
}

function endOf(outcome: Outcome, closed: Closed, steps: readonly StepRecord[]): RunEnd {
  const { bytes, cut, problem, place } = closed
  const reason = [outcome.reason, problem].filter((text) => text !== null).join('; ') || null
  const placed = steps.map((step) => ({
    ...step,
    outputFrom: place(step.outputFrom),
    outputTo: place(step.outputTo ?? step.outputFrom),
  }))
  return { ...outcome, reason, outputBytes: bytes, outputCut: cut, steps: placed }
}
