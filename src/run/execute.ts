/**
 * One run from its first step to its end. Whatever happens, the run ends with a status and a reason, its
 * payload file is removed and its output is closed.
 */

import { userInfo } from 'node:os'
import { messageOf } from '../errors.ts'
import type { Step } from '../model/hook.ts'
import type { RunEnd, StepRecord } from '../model/run.ts'
import type { Closed, OutputWriter } from '../record/output.ts'
import { type Context, commandFor } from './command.ts'
import { aborted, allTaken, nameOf, type Outcome, type StepOutcome, titleOf } from './conclusion.ts'
import { markerOf } from './leftovers.ts'
import { lazyPayload } from './payload.ts'
import { phaseAfter, stepsOf, together } from './phases.ts'
import { GRACE_MS } from './process.ts'
import { fileProblem } from './spawn-problem.ts'
import { type ExecuteTools, type Progress, takeStep, type Work } from './step.ts'

/** Carries out the run. Resolves with its end; what cannot be done is a `failure` with its reason. */
export async function executeRun(work: Work, tools: ExecuteTools): Promise<RunEnd> {
  const nothing = { exitCode: null, signal: null, outputBytes: 0, outputCut: 0, steps: [] }
  if (tools.signal.aborted)
    return { ...nothing, ...aborted(tools.signal.reason, 'before it started') }
  const refused = refusalOf(contextOf(work, tools))
  if (refused !== null) return { ...nothing, status: 'failure', reason: refused, refused: true }
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
  const context = contextOf(work, tools) // anew: now it is known where the payload is
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

/**
 * Values of a delivery that may not be arguments are refused before anything runs: neither the steps before
 * nor a rollback after them shall be at the call of who sends one.
 */
function refusalOf(context: Context): string | null {
  for (const [index, step] of context.hook.steps.entries()) {
    if (step.kind !== 'command' || !step.argv.some((item) => item.includes('{{'))) continue
    const spec = commandFor(step, context)
    if ('problem' in spec) return `${nameOf({ number: index + 1, step })}: ${spec.problem}`
  }
  return null
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
    runsUrl: tools.runsUrl,
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
