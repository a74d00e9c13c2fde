/**
 * `signature` of a hook to a scheme. A time that is not signed proves nothing, so where one is named it
 * has to be in the template, and the other way round.
 */

import type { SignatureScheme } from '../model/hook.ts'
import type { HookDraft } from './draft.ts'
import { parseDuration } from './duration.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'

const FIVE_MINUTES_MS = 300_000

export function readSignature({ written, path, report, given }: HookDraft): SignatureScheme | null {
  const { signature } = written
  if (signature === undefined) return null
  const at = [...path, 'signature']
  if (given('repo'))
    report.error(at, 'cannot stand beside "repo": the host has its own', { at: 'key' })
  if (!given('secret')) report.error(at, 'needs "secret", the key of the signature', { at: 'key' })
  const timestamp = signature.timestamp?.toLowerCase() ?? null
  const template = signature.template ?? (timestamp === null ? '{body}' : '{timestamp}.{body}')
  checkTemplate(at, template, timestamp, report)
  if (timestamp === null && signature.tolerance !== undefined)
    report.error([...at, 'tolerance'], 'needs "timestamp": no time is signed', { at: 'key' })
  return {
    header: signature.header.toLowerCase(),
    algorithm: signature.algorithm ?? 'sha256',
    encoding: signature.encoding ?? 'hex',
    prefix: signature.prefix ?? '',
    timestamp,
    template,
    toleranceMs: readTolerance(at, signature.tolerance, report),
  }
}

function checkTemplate(at: Path, template: string, timestamp: string | null, report: Report): void {
  const place = [...at, 'template']
  const parts: readonly string[] = template.match(/\{[^{}]*\}/g) ?? []
  const strange = parts.find((part) => part !== '{body}' && part !== '{timestamp}')
  if (strange !== undefined) report.error(place, `has ${strange}; known are {body} and {timestamp}`)
  if (parts.filter((part) => part === '{body}').length > 1) report.error(place, 'has {body} twice')
  if (timestamp === null && parts.includes('{timestamp}'))
    report.error(place, 'has {timestamp}, but "timestamp" names no header')
  if (timestamp !== null && !parts.includes('{timestamp}'))
    report.error(place, 'lacks {timestamp}: a time that is not signed proves nothing')
}

function readTolerance(at: Path, written: string | undefined, report: Report): number {
  if (written === undefined) return FIVE_MINUTES_MS
  const parsed = parseDuration(written)
  if ('ms' in parsed && parsed.ms > 0) return parsed.ms
  const problem = 'ms' in parsed ? 'leaves no time at all; write "5m", say' : parsed.problem
  report.error(
    [...at, 'tolerance'],
    'ms' in parsed ? problem : `${JSON.stringify(written)} ${problem}`,
  )
  return FIVE_MINUTES_MS
}
