/**
 * What the receiving half is handed of other rooms to answer callers: who is at the other end, which
 * accounts may call, what a run writes as it comes, and how it is ended.
 */

import type { IncomingMessage } from 'node:http'
import type { ServerSettings } from './model/config.ts'
import { networksOf } from './network/allowed.ts'
import { clientAddress } from './network/client.ts'
import type { Dispatcher } from './record/dispatcher.ts'
import type { OutputLog } from './record/output-log.ts'
import type { Store } from './record/store.ts'
import type { Tokens } from './record/tokens.ts'
import { createLogin } from './show/admission.ts'
import { bytesOf } from './show/output.ts'
import type { Watched } from './show/watch.ts'

interface CallerParts {
  readonly store: Store
  readonly tokens: Tokens
  readonly output: OutputLog
  readonly dispatcher: Dispatcher
  readonly control: Watched['control']
}

export function callersOf(
  settings: ServerSettings,
  { dispatcher, tokens, ...watched }: CallerParts,
) {
  const trusted = networksOf(settings.trustedProxies)
  return {
    maxParallel: settings.maxParallel,
    publicHost: URL.parse(settings.publicUrl ?? '')?.hostname ?? null,
    login: createLogin(tokens),
    cancel: (runId: number, by: string) => dispatcher.cancel(runId, by),
    follow: (runId: number, signal: AbortSignal) => bytesOf(watched, runId, 0, signal),
    addressOf: ({ socket, headers }: IncomingMessage) =>
      clientAddress(socket.remoteAddress, headers['x-forwarded-for'], trusted),
  }
}
