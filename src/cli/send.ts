/**
 * `runhook send`: a test delivery, composed and signed as the host would, to the running server or
 * another. The answer is shown as the server gave it.
 */

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import { type Call, type CallOptions, composeCall } from '../hosts/call.ts'
import type { Config } from '../model/config.ts'
import type { ServerStatus } from '../show/control.ts'
import { keepColours } from '../show/escapes.ts'
import { loadHook } from './hook-file.ts'
import { connect, type PlaceOptions } from './locate.ts'
import { printable, printableJson } from './printable.ts'
import type { Terminal } from './terminal.ts'

export interface SendOptions extends PlaceOptions, CallOptions {
  readonly payload?: string
  readonly to?: string
  readonly json?: boolean
}

export async function send(
  name: string,
  options: SendOptions,
  terminal: Terminal,
): Promise<number> {
  const { hook, config } = await loadHook(name, options, terminal)
  const payload = options.payload === undefined ? null : await readBody(options.payload, terminal)
  const call = composeCall(hook, options, payload, terminal.now())
  const address = addressOf(options.to ?? (await serverUrl(config, options, terminal)), hook.path)
  const url = address + call.query
  await terminal.talk.write(`--> ${call.method} ${printable(url)}   ${about(call)}\n`)
  const answer = await deliver(url, call)
  const { status, milliseconds } = answer
  await terminal.out.write(
    options.json
      ? `${printableJson({ url, status, milliseconds, answer: answer.text })}\n`
      : answerText(answer, terminal),
  )
  const base = address.slice(0, -hook.path.length)
  if (!isOurs(answer) && !(await isRunhook(base)))
    await terminal.talk.write(
      `  Something else than runhook answers at ${printable(base)}: name the right address with --to URL.\n`,
    )
  return status >= 200 && status < 300 ? 0 : 1
}

export async function readBody(file: string, terminal: Terminal): Promise<Buffer> {
  if (file === '-') return terminal.input()
  try {
    return await readFile(resolve(terminal.folder, file))
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT')
      throw new RunhookError('not-found', `There is no file ${printable(file)}.`, { cause })
    throw new RunhookError('usage', `${file} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/** Of the running server; when none runs here, as the file says. */
export async function serverUrl(
  config: Config,
  options: PlaceOptions,
  terminal: Terminal,
): Promise<string> {
  try {
    return (await (await connect(options, terminal)).get<ServerStatus>('/status')).url
  } catch (error) {
    if (!(error instanceof RunhookError)) throw error
    const { host, port } = config.server
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }
}

/** A base gets the hook's path; an address that ends with that path is taken as it is. */
export function addressOf(to: string, path: string): string {
  const url = URL.parse(to)
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new RunhookError('usage', `"${printable(to)}" is not an address.`, {
      hint: 'Write one such as https://deploy.example.com.',
    })
  }
  if (!url.pathname.endsWith(path)) url.pathname = url.pathname.replace(/\/*$/, path)
  return url.href
}

function about({ what, proof }: Call): string {
  return printable(`${what} (${proof})`)
}

interface Answer {
  readonly status: number
  readonly milliseconds: number
  readonly text: string
  /** Of a hook that answers with its output: how that run ended. */
  readonly run: string | null
  readonly runStatus: string | null
}

async function deliver(url: string, { method, headers, body }: Call): Promise<Answer> {
  const started = performance.now()
  try {
    const content = method === 'GET' ? {} : { body: new Uint8Array(body) }
    const marked = { ...headers, 'X-Runhook-Test': 'send' } // so that nobody rolls back to its commit
    const response = await fetch(url, { method, headers: marked, redirect: 'manual', ...content })
    const text = await response.text()
    return {
      status: response.status,
      milliseconds: Math.round(performance.now() - started),
      text,
      run: response.headers.get('x-runhook-run'),
      runStatus: response.headers.get('x-runhook-status'),
    }
  } catch (thrown) {
    // fetch() says only that it failed; its cause says why.
    const cause = thrown instanceof Error && thrown.cause ? thrown.cause : thrown
    const message = `Nothing answers at ${url}: ${messageOf(cause) || 'connection refused'}.`
    throw new RunhookError('unreachable', message, {
      hint: 'Start the server with "runhook serve", or name another with --to URL.',
      cause,
    })
  }
}

/** Whatever a hook is told begins with one of these, see receive/answer.ts. */
function isOurs({ text, run }: Answer): boolean {
  return run !== null || /^(accepted|ignored|delivery \d+ was kept)\b/.test(text)
}

/** A proxy or another program gives other answers. */
async function isRunhook(base: string): Promise<boolean> {
  try {
    const response = await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(3000) })
    return response.ok && (await response.text()) === 'ok\n'
  } catch {
    return false
  }
}

/** `<-- [200] ignored in 3ms   delivery 57`, and the rest of the answer beneath it. */
function answerText(answer: Answer, { out }: Terminal): string {
  const { head, detail, lines } = readAnswer(answer)
  const format = answer.status < 300 ? 'green' : 'red'
  const status = out.style(format, `[${answer.status}]`)
  const first = `<-- ${status} ${head} in ${answer.milliseconds}ms${detail && `   ${detail}`}`
  const colours = keepColours()
  const rest = lines.map((line) => `    ${out.columns === null ? line : colours.filter(line)}`)
  return `${[first, ...rest].join('\n')}${out.columns === null ? '' : colours.end()}\n`
}

function readAnswer({ status, text, run, runStatus }: Answer) {
  const lines = text.trimEnd() === '' ? [] : text.trimEnd().split('\n')
  if (run !== null)
    return { head: printable(`${runStatus}`), detail: printable(`run #${run}`), lines }
  const [, head, detail = ''] = /^(accepted|ignored)(?:: (.*))?$/.exec(lines[0] ?? '') ?? []
  if (head === undefined) return { head: status < 300 ? 'answered' : 'refused', detail: '', lines }
  // The server indents by two as well; beneath our line that would be one too many.
  const rest = lines.slice(1).map((line) => line.replace(/^ {2}/, ''))
  return { head, detail: printable(detail), lines: rest }
}
