/**
 * Real deliveries of many hosts, with headers, secrets and the expected outcome. They are third-party
 * data and stand outside this repository: CI has them, a clone elsewhere skips them visibly.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Case {
  readonly id: string
  readonly provider: string
  readonly request: {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string
    readonly body_base64?: string
  }
  readonly auth: {
    readonly scheme: string
    readonly header: string
    readonly algorithm: string
    readonly encoding: string
    readonly prefix: string
    /** Null where a key of bytes, or a public key, stands beside it. */
    readonly secret: string | null
    readonly secret_hex?: string
    readonly public_key?: string
  }
  readonly expect: {
    readonly auth: 'valid' | 'invalid' | 'n/a'
    readonly normalized?: readonly Readonly<Record<string, unknown>>[]
  }
  readonly clock?: number
}

const file =
  process.env.RUNHOOK_CASES ??
  resolve(dirname(fileURLToPath(import.meta.url)), '../../shared/cases/deliveries.json')

export const casesMissing = existsSync(file) ? null : `no deliveries at ${file} (RUNHOOK_CASES)`

export function allCases(): Case[] {
  if (casesMissing) return []
  const all: { entries: Case[] } = JSON.parse(readFileSync(file, 'utf8'))
  return all.entries
}

export function cases(provider: string): Case[] {
  return allCases().filter((entry) => entry.provider === provider)
}

export function bodyOf({ request }: Case): Buffer {
  return request.body_base64 === undefined
    ? Buffer.from(request.body ?? '')
    : Buffer.from(request.body_base64, 'base64')
}

/** Names in lower case, as node:http gives them. */
export function headersOf({ request }: Case): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
