/**
 * The call that would start a hook: what its Git host would send, or what a person would. What is not
 * said is taken from the hook's own triggers, so that a bare `runhook send blog` starts a run.
 */

import { RunhookError } from '../errors.ts'
import type { Hook, Patterns, Trigger } from '../model/hook.ts'
import { hostOf } from './hosts.ts'
import { type SampleOptions, sampleDelivery, schemeHeaders, signatureHeaders } from './sample.ts'

export interface CallOptions {
  readonly event?: string
  readonly action?: string
  readonly branch?: string
  readonly tag?: string
  readonly path?: readonly string[]
  readonly sha?: string
  readonly repo?: string
  readonly sender?: string
  readonly input?: Readonly<Record<string, string>>
}

export interface Call {
  readonly method: 'GET' | 'POST'
  /** `?dir=%2Fetc`: what a GET gives; else empty. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** `push octocat/blog feature/x` */
  readonly what: string
  /** `signed as GitHub` */
  readonly proof: string
}

export function composeCall(
  hook: Hook,
  options: CallOptions,
  payload: Buffer | null,
  now: number,
): Call {
  refuseStrangeOptions(hook, options, payload)
  return hook.repositories.length > 0
    ? fromHost(hook, options, payload, now)
    : fromPerson(hook, options, payload, now)
}

function refuseStrangeOptions(hook: Hook, options: CallOptions, payload: Buffer | null): void {
  const ofHost = ['event', 'action', 'branch', 'tag', 'path', 'sha', 'repo', 'sender'] as const
  const strange = ofHost.find((name) => options[name] !== undefined)
  if (hook.repositories.length === 0 && strange) {
    const message = `--${strange} describes what a Git host sends, and "${hook.name}" has none.`
    throw new RunhookError('usage', message, { hint: 'Give inputs with -i NAME=VALUE.' })
  }
  if (options.input) refuseStrangeInputs(hook, payload)
  if (payload && !hook.methods.includes('POST')) {
    throw new RunhookError('usage', `"${hook.name}" is called with GET, which carries no body.`)
  }
}

/** A query is looked at only where inputs are asked for; of a POST the server says what it thinks itself. */
function refuseStrangeInputs(
  { name, inputs, methods, repositories }: Hook,
  payload: unknown,
): void {
  const heeded = inputs.length > 0 || methods.includes('POST')
  if (repositories.length > 0 || !heeded) {
    const byHand = `Start it with "runhook trigger ${name} -i NAME=VALUE".`
    throw new RunhookError('usage', `"${name}" takes no inputs from a call.`, {
      ...(inputs.length > 0 ? { hint: byHand } : {}),
    })
  }
  if (payload) {
    throw new RunhookError('usage', 'A body of your own already says all inputs: leave out -i.')
  }
}

function fromHost(hook: Hook, options: CallOptions, payload: Buffer | null, now: number): Call {
  const wish = wishFor(hook, options)
  const secret = hook.open ? null : (hook.secrets[0]?.value ?? null)
  refuseWhatOnlyTheHostSigns(hook)
  const sample = sampleDelivery(hook.host, { ...wish, payload: payload ?? undefined }, secret, now)
  const said = payload ? [`${payload.length} bytes as given`] : [wish.repository, nameOf(wish)]
  return {
    method: 'POST',
    query: '',
    headers: sample.headers,
    body: sample.body,
    what: [wish.event, ...said].filter(Boolean).join(' '),
    proof: secret === null ? 'not signed' : `signed as ${hostOf(hook.host).title}`,
  }
}

/** Nothing that we could send would be believed. */
function refuseWhatOnlyTheHostSigns(hook: Hook): void {
  if (hook.host !== 'sourcehut') return
  const message = `Only ${hostOf(hook.host).title} can sign for "${hook.name}": its private key is not here.`
  throw new RunhookError('usage', message, { hint: 'Push a commit there.' })
}

function nameOf(wish: SampleOptions): string | undefined {
  return wish.tag ?? (wish.event === 'ping' ? undefined : wish.branch)
}

function wishFor(hook: Hook, options: CallOptions): SampleOptions & { readonly event: string } {
  const trigger = triggerFor(hook, options)
  const tagsOnly = trigger?.tags != null && !trigger.branches && options.branch === undefined
  const wantsTag = options.tag !== undefined || (tagsOnly && options.event === undefined)
  const written = options.event ?? trigger?.event ?? 'push'
  const plain = written === 'any' ? 'push' : written
  const event = plain === 'push' && wantsTag ? 'tag' : plain
  const tagged = wantsTag || event === 'tag' || event === 'release'
  const path = exampleOf(trigger?.paths ?? null)
  return {
    event,
    repository: options.repo ?? repositoryOf(hook),
    action: options.action ?? trigger?.types?.[0],
    branch: options.branch ?? exampleOf(trigger?.branches ?? null) ?? 'main',
    tag: tagged ? (options.tag ?? exampleOf(trigger?.tags ?? null) ?? 'v1.0.0') : undefined,
    paths: options.path ?? (path === undefined ? undefined : [path]),
    sha: options.sha,
    sender: options.sender,
  }
}

function triggerFor(hook: Hook, options: CallOptions): Trigger | undefined {
  const ofHost = hook.triggers.filter((trigger) => trigger.event !== 'manual')
  return ofHost.find((trigger) => trigger.event === options.event) ?? ofHost[0]
}

/** Of `acme/*` any name will do. */
function repositoryOf(hook: Hook): string {
  const parts = hook.repositories[0]?.name.split('/') ?? []
  const any = (index: number) => (index === parts.length - 1 ? 'site' : 'acme')
  return parts.map((part, index) => (part.includes('*') ? any(index) : part)).join('/')
}

/** A name that the first pattern matches: `release/1` for `release/**`, `v0.0.0` for `v[0-9]+.[0-9]+.[0-9]+`. */
function exampleOf(patterns: Patterns): string | undefined {
  const first = patterns?.find((pattern) => !pattern.startsWith('!'))
  if (first === undefined || /^[*/]+$/.test(first)) return undefined
  return first
    .replace(/\[(.)[^\]]*\]/g, '$1')
    .replace(/\*+/g, '1')
    .replace(/[?+]/g, '')
}

function fromPerson(hook: Hook, options: CallOptions, payload: Buffer | null, now: number): Call {
  const method = hook.methods.includes('POST') ? 'POST' : 'GET'
  const inputs = options.input ? { inputs: options.input } : {}
  const written = method === 'GET' ? '' : JSON.stringify(inputs)
  const body = payload ?? Buffer.from(written)
  const type: Record<string, string> =
    method === 'GET' ? {} : { 'Content-Type': 'application/json' }
  const { headers, proof } = proofOf(hook, body, now)
  const fields = method === 'GET' ? new URLSearchParams(options.input).toString() : ''
  const query = fields && `?${fields}`
  return { method, query, headers: { ...type, ...headers }, body, what: 'a call', proof }
}

/** A token where there is one and no secret: as the server chooses. */
function proofOf(
  hook: Hook,
  body: Buffer,
  now: number,
): { headers: Record<string, string>; proof: string } {
  const [secret] = hook.secrets
  const [token] = hook.tokens
  if (hook.open) return { headers: {}, proof: 'open to everybody' }
  if (secret && hook.signature) {
    const headers = schemeHeaders(hook.signature, body, secret.value, now)
    return { headers, proof: `signed in ${hook.signature.header}` }
  }
  if (secret) {
    const headers = signatureHeaders('webhook', body, secret.value, now)
    return { headers, proof: 'signed by Standard Webhooks' }
  }
  if (token) return { headers: { Authorization: `Bearer ${token.value}` }, proof: 'with the token' }
  const [user] = hook.access.users
  const [password] = user?.passwords ?? []
  if (user && password) {
    const pair = Buffer.from(`${user.name}:${password.value}`).toString('base64')
    return { headers: { Authorization: `Basic ${pair}` }, proof: `as ${user.name}` }
  }
  return { headers: {}, proof: 'with no proof' }
}
