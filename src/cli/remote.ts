/**
 * A server elsewhere: `--server URL`, and a token that is read from RUNHOOK_TOKEN and from nowhere else. An
 * argument would stand in the list of processes and in the shell's history.
 */

import { request as requestPlainly } from 'node:http'
import { request as requestSafely } from 'node:https'
import { messageOf, RunhookError, systemCode } from '../errors.ts'
import type { Way } from './client.ts'
import type { Terminal } from './terminal.ts'

export async function networkWay(server: string, terminal: Terminal): Promise<Way> {
  const url = new URL(server) // arguments.ts has seen that it is one
  const token = tokenOf(terminal)
  const safe = url.protocol === 'https:'
  if (!safe && !isThisMachine(url.hostname)) await warn(url, terminal)
  return {
    place: server,
    request: safe ? requestSafely : requestPlainly,
    options: {
      // node:http wants IPv6 without the brackets.
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      headers: { authorization: `Bearer ${token}` },
    },
    beneath: url.pathname.replace(/\/+$/, ''),
    unreachable: (error) => problem(server, error),
  }
}

function tokenOf({ environment }: Terminal): string {
  const token = environment.RUNHOOK_TOKEN?.trim() ?? ''
  if (token === '') {
    throw new RunhookError('not-allowed', 'A server elsewhere wants a token, in RUNHOOK_TOKEN.', {
      hint: 'There, "runhook token create NAME --role viewer" makes one.',
    })
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new RunhookError('usage', 'RUNHOOK_TOKEN holds something that cannot be a token.')
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}

async function warn(url: URL, { talk }: Terminal): Promise<void> {
  const sign = talk.style('yellow', 'warning:')
  await talk.write(`${sign} ${url.origin} is not encrypted; on the way the token can be read.\n`)
}

function problem(server: string, error: Error): RunhookError {
  // Several addresses that all fail come as one error without a text of its own.
  const why = messageOf(error) || (systemCode(error) ?? 'no answer')
  return new RunhookError('unreachable', `No server answers at ${server}: ${why}.`, {
    cause: error,
  })
}
