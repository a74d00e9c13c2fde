/**
 * `runhook sign`: the headers that prove a body, for a script or another tool; with --curl whole commands
 * that work when pasted, as often as they are pasted.
 */

import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { RunhookError } from '../errors.ts'
import { unknownInput } from '../hooks/inputs.ts'
import { type Call, type CallOptions, composeCall } from '../hosts/call.ts'
import { askedOf, formsFor, sampleSource } from '../hosts/forms.ts'
import * as recipes from '../hosts/recipes.ts'
import type { Hook } from '../model/hook.ts'
import { type HookFile, loadHook } from './hook-file.ts'
import type { PlaceOptions } from './locate.ts'
import { printableJson } from './printable.ts'
import { shellSource } from './secret-source.ts'
import { addressOf, readBody, serverUrl } from './send.ts'
import type { Terminal } from './terminal.ts'

export interface SignOptions extends PlaceOptions {
  readonly curl?: boolean
  readonly to?: string
  readonly json?: boolean
  readonly input?: Readonly<Record<string, string>>
}

/** Without a file the body is a sample of ours, which then is printed beneath the headers. */
export async function sign(
  name: string,
  file: string | undefined,
  options: SignOptions,
  terminal: Terminal,
): Promise<number> {
  const found = await loadHook(name, options, terminal)
  const given = file === undefined ? null : await readBody(file, terminal)
  const sha = randomBytes(20).toString('hex')
  const wish = found.hook.repositories.length > 0 ? { sha } : inputsOf(found.hook, given, options)
  const said = { ...wish, ...inputsOf(found.hook, given, options) }
  const call = composeCall(found.hook, said, given, terminal.now())
  if (options.curl) {
    const body = given ? bodySource(given, file ?? '-') : sampleSource(call, found.hook, sha)
    await terminal.out.write(await commands(found, call, body, options, terminal))
  } else await terminal.out.write(options.json ? asJson(call) : asMessage(call, given === null))
  return 0
}

/**
 * What was said, and the defaults of the rest. What is required and was not said stands there empty: its
 * name is seen, and the server asks for it should nobody fill it in.
 */
function inputsOf(hook: Hook, given: Buffer | null, { input }: SignOptions): CallOptions {
  const isCall = given === null && hook.repositories.length === 0
  const isKnown = (name: string) => hook.inputs.some((one) => one.name === name)
  const strange = isCall ? Object.keys(input ?? {}).find((name) => !isKnown(name)) : undefined
  if (strange !== undefined) throw new RunhookError('usage', `${unknownInput(hook, strange)}.`)
  const wanted = hook.inputs.filter((one) => isCall && (one.required || one.default !== null))
  const asked = wanted.map((one) => [one.name, one.default ?? ''] as const)
  const all = { ...Object.fromEntries(asked), ...input }
  return Object.keys(all).length > 0 ? { input: all } : {}
}

function asJson({ method, headers, body }: Call): string {
  const text = isUtf8(body) ? { body: body.toString() } : { bodyBase64: body.toString('base64') }
  return `${printableJson({ method, headers, ...text })}\n`
}

function asMessage({ headers, body }: Call, withBody: boolean): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[...lines, ...(withBody && body.length > 0 ? ['', body.toString()] : [])].join('\n')}\n`
}

function bodySource(given: Buffer, file: string): recipes.BodySource {
  if (file !== '-') return { kind: 'file', file }
  if (isUtf8(given) && !given.includes(0)) {
    return { kind: 'text', text: given.toString(), sha: null }
  }
  throw new RunhookError('usage', 'The body is not text, so no command line can hold it.', {
    hint: 'Write it to a file and name that.',
  })
}

async function commands(
  found: HookFile,
  call: Call,
  body: recipes.BodySource,
  options: SignOptions,
  terminal: Terminal,
): Promise<string> {
  const { hook, config } = found
  const password = hook.access.users[0]?.passwords[0]
  const secret = hook.open ? undefined : (hook.secrets[0] ?? hook.tokens[0] ?? password)
  const to = options.to ?? (await serverUrl(config, options, terminal))
  const fixed = Object.entries(call.headers).filter(([name]) => recipes.isFixed(name, hook.host))
  const recipe: recipes.Recipe = {
    method: call.method,
    url: addressOf(to, hook.path) + call.query,
    headers: Object.fromEntries(fixed),
    body,
    secret: secret ? await shellSource(secret, found, terminal) : null,
    wanted: askedOf(hook).wanted,
  }
  return `${formsFor(hook, recipe).join('\n\n')}\n`
}
