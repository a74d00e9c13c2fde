/**
 * What a reload replaces: the config and what is made of it. Everybody asks for it anew at each use, and
 * it is replaced in one step, so nobody sees the half of an old config beside the half of a new one.
 */

import type { Config } from './model/config.ts'
import type { RunEnd, StepRecord } from './model/run.ts'
import { type Endpoints, endpointsOf } from './receive/endpoints.ts'
import { Redactor } from './record/redact.ts'
import type { Policy } from './record/retention.ts'

export interface Current {
  config: Config
  endpoints: Endpoints
  /** Null when the config has nothing to hide. */
  redactor: Redactor | null
  /** Why the file on disk is not the config in use, else null. */
  problem: string | null
  /** The mistakes of that file as `runhook check` shows them, without secrets; null = there is no such list. */
  mistakes: string | null
  /** When this config was taken over. */
  since: number
}

export function currentOf(config: Config): Current {
  const redactor = Redactor.of(config.hidden)
  return {
    config,
    endpoints: endpointsOf(config),
    redactor,
    problem: null,
    mistakes: null,
    since: Date.now(),
  }
}

/** Texts of the hooks by hash, as they may be kept: passwords that stand in the file are not. */
export function textsToKeep({ config, redactor }: Current): ReadonlyMap<string, string> {
  if (redactor === null) return config.texts
  return new Map([...config.texts].map(([hash, text]) => [hash, redactor.text(text)]))
}

/** Reasons name paths and variables as they were filled in, and what a command is not found among. */
export function endToKeep(end: RunEnd, hides: Pick<Current, 'redactor'>): RunEnd {
  const { redactor } = hides
  if (redactor === null) return end
  const steps = end.steps.map((step) => stepToKeep(step, hides))
  return { ...end, reason: end.reason && redactor.text(end.reason), steps }
}

export function stepToKeep(step: StepRecord, { redactor }: Pick<Current, 'redactor'>): StepRecord {
  if (redactor === null || step.reason === null) return step
  return { ...step, reason: redactor.text(step.reason) }
}

/** How long things are kept, as the hooks file says now. */
export function policyOf({ server, hooks, texts }: Config): Policy {
  const own = [...hooks].map(([name, { keep }]) => [name, keep] as const)
  return { server: server.keep, hooks: new Map(own), configs: texts.keys() }
}
