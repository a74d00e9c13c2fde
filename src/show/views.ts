/**
 * What the API tells of hooks and deliveries. A hook leaves without its secrets and without the values
 * of its environment (they may hold expanded secrets); a delivery leaves without its body, which has
 * an address of its own.
 */

import type { StoredDelivery, Update, Verdict } from '../model/delivery.ts'
import type { Hook, Trigger } from '../model/hook.ts'
import type { Run, StepRecord } from '../model/run.ts'
import type { Worker } from '../postgres/contract.ts'
import type { Refusal } from '../record/store.ts'
import { type AnswerView, answerOf } from './answered.ts'

export interface HookView {
  readonly name: string
  readonly enabled: boolean
  readonly host: Hook['host']
  /** `github:acme/site` */
  readonly repositories: readonly string[]
  readonly triggers: readonly Trigger[]
  /** Conditions in words; what stands there for `${NAME}` is not told. */
  readonly match: readonly { readonly place: string; readonly wants: string }[]
  readonly inputs: Hook['inputs']
  readonly path: string
  readonly methods: Hook['methods']
  /** Names of secrets and tokens, never their values. */
  readonly auth: {
    readonly secrets: readonly string[]
    readonly tokens: readonly string[]
    readonly users: readonly string[]
    readonly login: boolean
    readonly open: boolean
  }
  readonly steps: Hook['steps']
  readonly onFailure: Hook['onFailure']
  readonly onSuccess: Hook['onSuccess']
  readonly retry: Hook['retry']
  readonly workingDirectory: string
  readonly env: readonly string[]
  readonly timeoutMs: number
  readonly concurrency: Hook['concurrency']
  readonly placement: Hook['placement']
  readonly maxParallel: Hook['maxParallel']
  readonly respond: Hook['respond']
  readonly config: string
  /** What a worker's "allow" knows its command by. */
  readonly commandHash: string
}

export function hookView(hook: Hook): HookView {
  return {
    name: hook.name,
    enabled: hook.enabled,
    host: hook.host,
    repositories: hook.repositories.map((repository) => `${repository.host}:${repository.name}`),
    triggers: hook.triggers,
    match: hook.match.map(({ place, wants }) => ({ place, wants })),
    inputs: hook.inputs,
    path: hook.path,
    methods: hook.methods,
    auth: {
      secrets: hook.secrets.map((secret) => secret.name),
      tokens: hook.tokens.map((token) => token.name),
      users: hook.access.users.map((user) => user.name),
      login: hook.access.login,
      open: hook.open,
    },
    steps: hook.steps,
    onFailure: hook.onFailure,
    onSuccess: hook.onSuccess,
    retry: hook.retry,
    workingDirectory: hook.workingDirectory,
    env: Object.keys(hook.env),
    timeoutMs: hook.timeoutMs,
    concurrency: hook.concurrency,
    placement: hook.placement,
    maxParallel: hook.maxParallel,
    respond: hook.respond,
    config: hook.config,
    commandHash: hook.commandHash,
  }
}

type Told =
  | 'id'
  | 'receivedAt'
  | 'endpoint'
  | 'host'
  | 'guid'
  | 'event'
  | 'action'
  | 'repository'
  | 'sender'
  | 'proof'
  | 'address'
  | 'duplicateOf'
  | 'problem'

export interface DeliverySummary extends Pick<StoredDelivery, Told> {
  readonly updates: readonly Update[]
  /** Hooks that answered, and the runs they started; a hook held back as a duplicate has no run. */
  readonly matched: readonly string[]
  readonly runs: readonly number[]
}

export function deliverySummary(delivery: StoredDelivery): DeliverySummary {
  const { id, receivedAt, endpoint, host, guid, event, action, repository } = delivery
  const { sender, proof, address, duplicateOf, problem, updates, verdicts } = delivery
  const told = { id, receivedAt, endpoint, host, guid, event, action, repository, sender, proof }
  return {
    ...told,
    ...{ address, duplicateOf, problem, updates },
    matched: [...new Set(verdicts.filter((one) => one.matched).map((one) => one.hook))],
    runs: verdicts.flatMap((verdict) => verdict.run ?? []),
  }
}

export interface DeliveryView extends DeliverySummary {
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
  /** When the body had been kept for its time and was removed, else null. */
  readonly bodyRemovedAt: number | null
  readonly verdicts: readonly Verdict[]
  /** Null where nobody was answered: it was sent once more, or a person started it. */
  readonly answer: AnswerView | null
  /** Deliveries that came later with the same id, or that a person sent through once more. */
  readonly repeatedBy: readonly number[]
}

export function deliveryView(
  delivery: StoredDelivery,
  repeatedBy: readonly number[] = [],
): DeliveryView {
  const { headers, verdicts, body, bodyRemovedAt } = delivery
  const summary = deliverySummary(delivery)
  const answer = answerOf(delivery)
  return {
    ...summary,
    headers,
    bodyBytes: body.length,
    bodyRemovedAt,
    verdicts,
    answer,
    repeatedBy,
  }
}

/** What became of a delivery that was sent through once more. */
export interface RedeliveryView {
  readonly dryRun: boolean
  /** The new one; of a dry run the old one, with the verdicts that it would get. */
  readonly delivery: DeliveryView
  readonly runs: readonly Run[]
}

export interface AdvisedRefusal extends Refusal {
  /** What can be done about it; null = nothing, or the reason says it. */
  readonly advice: string | null
}

export interface RefusalsView {
  readonly since: number
  /** Requests that were refused since then, also those whose kinds the list has no room for. */
  readonly total: number
  readonly refusals: readonly AdvisedRefusal[]
}

export interface RunView {
  readonly run: Run
  /** For want of which worker it has not begun, as in "waits for web-4, which is lost"; else null. */
  readonly waits: string | null
  readonly steps: readonly StepRecord[]
  readonly delivery: DeliverySummary | null
}

export interface WorkersView {
  /** This server has no fleet, and carries out all runs itself. */
  readonly alone: boolean
  readonly workers: readonly Worker[]
}

/** One page of a list, newest first. `next` is the `before` of the following page; null at the end. */
export type Page<Name extends string, Item> = { readonly [name in Name]: readonly Item[] } & {
  readonly next: number | null
}
