/**
 * `runhook check --explain`: what the hooks file as it stands on disk says of a delivery that came, or of
 * a payload in a file. The walk is the server's own, up to the verdicts; nothing runs, nothing is kept.
 */

import { buffer } from 'node:stream/consumers'
import { RunhookError } from '../errors.ts'
import { fail, unknown } from '../hooks/check.ts'
import { hostOf } from '../hosts/hosts.ts'
import { sampleDelivery } from '../hosts/sample.ts'
import type { Config } from '../model/config.ts'
import type { Check, Delivery, HostName, Verdict } from '../model/delivery.ts'
import type { Hook } from '../model/hook.ts'
import { read } from '../receive/arrive.ts'
import { type Endpoint, endpointsOf } from '../receive/endpoints.ts'
import { judgeAll } from '../receive/judge.ts'
import type { DeliveryView } from '../show/views.ts'
import type { CheckOptions } from './check.ts'
import { headline } from './delivery-page.ts'
import { placeLine, workersOf } from './fleet.ts'
import { findHook, loadValid } from './hook-file.ts'
import { connect } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import { readBody } from './send.ts'
import type { Terminal } from './terminal.ts'
import { verdictPage } from './verdict-page.ts'

export interface ExplainOptions extends CheckOptions {
  readonly explain: string
}

/** What is to be judged, wherever it is from. */
interface Subject {
  /** `#57`, or the name of the file. */
  readonly name: string
  readonly host: HostName
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Where it came in; null = nowhere yet. */
  readonly path: string | null
  readonly proof: string | null
}

/** Exit code 1 when no hook would run. */
export async function explain(options: ExplainOptions, terminal: Terminal): Promise<number> {
  const { config, file } = await loadValid(options, terminal)
  const hook = options.hook === undefined ? null : findHook(options.hook, config, file)
  const [, id] = /^#?([1-9][0-9]{0,14})$/.exec(options.explain) ?? []
  const subject =
    id === undefined
      ? await fromFile(options, hook, terminal)
      : await fromServer(id, options, terminal)
  const found = judgeSubject(subject, config, hook)
  const wouldRun = found.verdicts.filter(({ matched }) => matched).map((verdict) => verdict.hook)
  if (options.json) {
    const { host, path } = subject
    const told = { file, subject: subject.name, host, path, ...found, wouldRun }
    await terminal.out.write(`${printableJson(told)}\n`)
  } else {
    await tell(subject, found, terminal)
    await tellPlaces(wouldRun, config, options, terminal)
  }
  return wouldRun.length > 0 ? 0 : 1
}

async function fromServer(
  id: string,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<Subject> {
  if (options.event !== undefined || options.host !== undefined) {
    const message = '--event and --host describe a file; a delivery that came says both itself.'
    throw new RunhookError('usage', message)
  }
  const client = await connect(options, terminal)
  const view = await client.get<DeliveryView>(`/deliveries/${id}`)
  if (view.endpoint === 'cli') {
    const message = `Delivery #${id} is a run that was started by hand: no rule was asked.`
    throw new RunhookError('conflict', message)
  }
  const body = await buffer(await client.bytes(`/deliveries/${id}/body`))
  const method = view.event === 'get' ? 'GET' : 'POST'
  const { host, headers, endpoint: path, proof } = view
  return { name: `#${id}`, host, method, headers, body, path, proof }
}

/** A payload alone does not say which event it is: as the host would send it. */
async function fromFile(
  options: ExplainOptions,
  hook: Hook | null,
  terminal: Terminal,
): Promise<Subject> {
  const { explain: name, event = 'push', host = hook?.host ?? 'github' } = options
  const body = await readBody(name, terminal)
  const sample = sampleDelivery(host, { repository: 'acme/site', event, payload: body }, null)
  const headers = Object.entries(sample.headers).map(([key, value]) => [key.toLowerCase(), value])
  const said = { host, method: 'POST', headers: Object.fromEntries(headers), body }
  return { name, ...said, path: null, proof: null }
}

interface Found {
  readonly event: string
  readonly repository: string | null
  readonly sender: string | null
  readonly updates: Delivery['updates']
  readonly problem: string | null
  readonly verdicts: readonly Verdict[]
}

function judgeSubject(subject: Subject, config: Config, hook: Hook | null): Found {
  const judged = endpointsFor(subject, config, hook).map((endpoint) => judgeAt(endpoint, subject))
  const [first] = judged
  if (!first) {
    const message = `No hook is for ${hostOf(subject.host).title}, as ${subject.name} is.`
    throw new RunhookError('not-found', message, {
      hint: 'Name one with --hook, or a host with --host.',
    })
  }
  return { ...first, verdicts: judged.flatMap(({ verdicts }) => verdicts) }
}

/** Who would be asked: at the address where it came in, or the one hook, or all of its host. */
function endpointsFor(subject: Subject, config: Config, hook: Hook | null): Endpoint[] {
  const endpoints = endpointsOf(config)
  const came = subject.path === null ? undefined : endpoints.get(subject.path)
  if (hook) {
    const asked = came?.hooks.includes(hook) ? came : endpoints.get(hook.path)
    return asked ? [{ ...asked, hooks: [hook] }] : []
  }
  if (came) return [came]
  return [...endpoints.values()].filter(({ shared, host }) => !shared && host.name === subject.host)
}

function judgeAt(endpoint: Endpoint, subject: Subject): Found {
  const { host, headers, body } = subject
  const reader = { ...endpoint, host: endpoint.host.name === host ? endpoint.host : hostOf(host) }
  const { content, payload, problem } = read(reader, subject, body)
  const { event, repository, sender, updates } = content
  const proof = subject.proof ?? ''
  const arrival = { receivedAt: 0, endpoint: endpoint.path, guid: null, proof, address: '' }
  const delivery: Delivery = { ...content, ...arrival, host, headers, body, problem }
  const { verdicts } = judgeAll(endpoint, delivery, payload, signed(endpoint, subject))
  return { event, repository, sender, updates, problem, verdicts }
}

/** Undefined: what the server would find. */
function signed(endpoint: Endpoint, subject: Subject): Check | undefined {
  if (endpoint.host.name !== subject.host) {
    const [wanted, found] = [callersOf(endpoint), hostOf(subject.host).title]
    return fail('host', wanted, found, `${found}'s, and this hook is for ${wanted}`)
  }
  if (subject.proof !== null) return undefined
  return unknown('signature', '', 'not judged: a file is not signed')
}

/** Plain URLs may take other callers than those who sign. */
function callersOf({ host, hooks: [hook] }: Endpoint): string {
  if (host.name !== 'webhook' || !hook || hook.secrets.length > 0) return host.title
  return hook.open ? 'whoever calls it' : 'a call with its token'
}

async function tell(subject: Subject, found: Found, { out, talk }: Terminal): Promise<void> {
  const { verdicts, updates, problem } = found
  const head = out.style('bold', `${printable(subject.name)}  ${headline(found)}`)
  const unusable = `  ${out.style('red', '✗')} cannot be used: ${problem}`
  const lines =
    problem === null ? verdictPage({ verdicts, updates, wouldRun: true }, out) : [unusable]
  await out.write(`${[head, ...lines].join('\n')}\n`)
  const hooks = new Set(verdicts.map(({ hook }) => hook)).size
  const running = new Set(verdicts.filter(({ matched }) => matched).map(({ hook }) => hook)).size
  const many = hooks === 1 ? '1 hook' : `${hooks} hooks`
  await talk.write(`${running} of ${many} would run. Nothing was run.\n`)
}

/** Where runs would go now; a fleet that cannot be asked is no reason to fail. */
async function tellPlaces(
  names: readonly string[],
  config: Config,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<void> {
  if (config.server.database === null || names.length === 0) return
  const workers = await connect(options, terminal)
    .then(workersOf)
    .catch(() => null)
  for (const name of workers === null ? [] : new Set(names)) {
    const hook = config.hooks.get(name)
    const line = hook && placeLine(hook, workers ?? [])
    if (line) await terminal.talk.write(`${line}\n`)
  }
}
