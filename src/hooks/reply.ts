/**
 * What a caller is answered: statuses and headers of his choice, whether an answer serves others too, and
 * what becomes of the run when he goes away.
 */

import type { Hook } from '../model/hook.ts'
import type { Reply } from '../model/url.ts'
import type { HookDraft } from './draft.ts'
import { readDuration } from './surroundings.ts'

export function readReply(
  draft: HookDraft,
  respond: Hook['respond'],
  methods: Hook['methods'],
): Reply {
  const { written, path, report } = draft
  const { cache } = written
  checkRespond(draft, respond)
  checkCache(draft, methods)
  checkHeaders(draft)
  const statuses = Object.entries(written['status-codes'] ?? {}).map(
    ([code, status]) => [Number(code), status] as const,
  )
  const headers = Object.entries(written['response-headers'] ?? {}).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  )
  return {
    statuses: new Map(statuses),
    headers: Object.fromEntries(headers),
    cacheMs:
      cache === undefined ? null : readDuration([...path, 'cache'], cache, report, { zero: true }),
    onDisconnect: written['on-disconnect'] ?? 'continue',
  }
}

/** What was refused or misspelt has its error already: only what is left in `written` can fit or not. */
function checkRespond({ path, report, written }: HookDraft, respond: Hook['respond']): void {
  const output = '"respond": "output"'
  const wanted = (key: 'status-codes' | 'response-headers' | 'cache' | 'on-disconnect') =>
    key === 'status-codes' || key === 'cache' ? output : `${output} or "stream"`
  for (const key of ['status-codes', 'response-headers', 'cache', 'on-disconnect'] as const) {
    const fits = respond === 'output' || (respond === 'stream' && wanted(key) !== output)
    if (written[key] !== undefined && !fits)
      report.error([...path, key], `is for ${wanted(key)}, and this answers "${respond}"`, {
        at: 'key',
      })
  }
}

/** What is called by POST is called for its effect: nobody may be told it happened when it did not. */
function checkCache({ path, report, written }: HookDraft, methods: Hook['methods']): void {
  if (written.cache === undefined) return
  const at = [...path, 'cache']
  if (methods.includes('POST'))
    report.error(at, 'is for a hook that is called by GET alone; write "on": "get"', { at: 'key' })
  if (written['on-disconnect'] === 'cancel')
    report.error(at, 'cannot stand beside "on-disconnect": others may wait for the same run', {
      at: 'key',
    })
}

/** Of the connection, of the answer's form, or ours. A cookie would be one for the whole server. */
const RESERVED = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'content-length', 'content-encoding', 'date', 'set-cookie', 'www-authenticate'],
  ...['vary', 'age', 'x-content-type-options', 'x-accel-buffering'],
])

function checkHeaders({ written, path, report, given }: HookDraft): void {
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(written['response-headers'] ?? {})) {
    const here = [...path, 'response-headers', name]
    const lower = name.toLowerCase()
    if (RESERVED.has(lower) || lower.startsWith('x-runhook-'))
      report.error(here, `${name} is not for a hook to set`, { at: 'key' })
    if (lower === 'cache-control' && given('cache'))
      report.error(here, 'is what "cache" says; leave one of them out', { at: 'key' })
    if (seen.has(lower)) report.error(here, 'is there twice', { at: 'key' })
    if (!/^[\x20-\x7e]*$/.test(value) || value.trim() !== value)
      report.error(here, 'has a character that no header may have')
    seen.add(lower)
  }
}
