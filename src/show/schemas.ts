/**
 * The answers of the API as valibot schemas, for its document. Each is held against the type that the code
 * answers with, so that a field that is added there and not here does not compile; a test holds real
 * answers against the document, so that one that is gone there does not stay here.
 */

import * as v from 'valibot'
import { gitHostNames, outputForms, type Update, type Verdict } from '../model/delivery.ts'
import { type Run, runStatuses, type StepRecord } from '../model/run.ts'
import type { CancelResult } from '../record/dispatcher.ts'
import type { AnswerView } from './answered.ts'
import type { Failure } from './answers.ts'
import type { DeliverySummary, DeliveryView, Page, RedeliveryView, RunView } from './views.ts'

/** Stands in the document once, under this name. */
export function named<S extends v.GenericSchema>(ref: string, schema: S) {
  return v.pipe(schema, v.metadata({ ref }))
}

export const text = v.string()
export const textOrNull = v.nullable(text)
export const flag = v.boolean()
const flagOrNull = v.nullable(flag)
export const whole = v.pipe(v.number(), v.integer())
const wholeOrNull = v.nullable(whole)
export const id = v.pipe(whole, v.minValue(1))
export const idOrNull = v.nullable(id)
export const texts = v.array(text)
const byName = v.record(text, text)
export const time = v.pipe(whole, v.description('Milliseconds since 1970, UTC'))
export const timeOrNull = v.nullable(time)
export const hostName = v.picklist([...gitHostNames, 'webhook'])

export const conclusion = v.picklist([
  'success',
  'failure',
  'timed_out',
  'cancelled',
  'interrupted',
])

const retryOf = v.object({
  run: id,
  number: id,
  times: id,
  interruptions: whole,
  first: v.exactOptional(id),
  since: v.exactOptional(time),
})

export const run: v.GenericSchema<Run> = named(
  'Run',
  v.object({
    id,
    deliveryId: id,
    hook: text,
    update: whole,
    group: textOrNull,
    attempt: id,
    retry: v.nullable(retryOf),
    status: v.picklist(runStatuses),
    queuedAt: time,
    notBefore: timeOrNull,
    startedAt: timeOrNull,
    finishedAt: timeOrNull,
    exitCode: wholeOrNull,
    signal: textOrNull,
    reason: textOrNull,
    config: text,
    worker: textOrNull,
    rollout: v.nullable(id),
    event: text,
    refName: textOrNull,
    sha: textOrNull,
    sender: textOrNull,
    inputs: byName,
    outputBytes: whole,
    outputCut: whole,
  }),
)

const step: v.GenericSchema<StepRecord> = named(
  'Step',
  v.object({
    number: id,
    phase: v.picklist(['run', 'on-failure', 'on-success']),
    name: textOrNull,
    title: text,
    status: v.nullable(conclusion),
    reason: textOrNull,
    startedAt: time,
    finishedAt: timeOrNull,
    exitCode: wholeOrNull,
    signal: textOrNull,
    outputFrom: whole,
    outputTo: wholeOrNull,
  }),
)

const update: v.GenericSchema<Update> = named(
  'Update',
  v.object({
    event: text,
    ref: textOrNull,
    branch: textOrNull,
    tag: textOrNull,
    sha: textOrNull,
    before: textOrNull,
    created: flagOrNull,
    deleted: flagOrNull,
    forced: flagOrNull,
    commits: wholeOrNull,
    files: v.nullable(texts),
    message: textOrNull,
    number: wholeOrNull,
    baseBranch: textOrNull,
    merged: flagOrNull,
    fork: flagOrNull,
  }),
)

const verdict: v.GenericSchema<Verdict> = named(
  'Verdict',
  v.object({
    hook: text,
    update: whole,
    matched: flag,
    checks: v.array(
      v.object({
        rule: text,
        result: v.picklist(['pass', 'fail', 'unknown']),
        wanted: text,
        found: text,
        says: text,
      }),
    ),
    run: idOrNull,
  }),
)

const summary = {
  id,
  receivedAt: time,
  endpoint: text,
  host: hostName,
  guid: textOrNull,
  event: text,
  action: textOrNull,
  repository: textOrNull,
  sender: textOrNull,
  proof: text,
  address: text,
  duplicateOf: idOrNull,
  problem: textOrNull,
  updates: v.array(update),
  matched: texts,
  runs: v.array(id),
}

const delivery: v.GenericSchema<DeliverySummary> = named('Delivery', v.object(summary))

export const startedRun = v.object({ run })

export const runPage: v.GenericSchema<Page<'runs', Run>> = v.object({
  runs: v.array(run),
  next: idOrNull,
})

export const oneRun: v.GenericSchema<RunView> = v.object({
  run,
  waits: textOrNull,
  steps: v.array(step),
  delivery: v.nullable(delivery),
})

export const cancelledRun: v.GenericSchema<{ result: CancelResult; run: Run }> = v.object({
  result: v.picklist(['cancelled', 'stopping']),
  run,
})

export const deliveryPage: v.GenericSchema<Page<'deliveries', DeliverySummary>> = v.object({
  deliveries: v.array(delivery),
  next: idOrNull,
})

const answer: v.GenericSchema<AnswerView> = named(
  'Answer',
  v.object({
    status: wholeOrNull,
    body: textOrNull,
    output: v.nullable(v.object({ run: id, form: v.picklist(outputForms) })),
    rebuilt: flag,
  }),
)

export const oneDelivery: v.GenericSchema<DeliveryView> = v.object({
  ...summary,
  headers: byName,
  bodyBytes: whole,
  bodyRemovedAt: timeOrNull,
  verdicts: v.array(verdict),
  answer: v.nullable(answer),
  repeatedBy: v.array(id),
})

export const redelivery: v.GenericSchema<RedeliveryView> = v.object({
  dryRun: flag,
  delivery: oneDelivery,
  runs: v.array(run),
})

export const failure: v.GenericSchema<Failure> = named(
  'Failure',
  v.object({ error: v.object({ code: text, message: text, hint: textOrNull }) }),
)
