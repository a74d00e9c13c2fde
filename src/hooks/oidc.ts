/** Signing in by OpenID Connect: the part of "server" that names the provider and says whom it lets in. */

import type { DashboardSettings } from '../model/config.ts'
import type { Secret } from '../model/hook.ts'
import type { OidcRule, OidcSettings } from '../model/oidc.ts'
import type { FileDraft } from './draft.ts'
import type { Report } from './report.ts'
import type { HooksFile } from './schema.ts'
import type { ClaimWritten } from './schema-oidc.ts'
import { readSecrets } from './secrets.ts'
import { readDuration } from './surroundings.ts'
import { asList } from './triggers.ts'

type Written = NonNullable<NonNullable<HooksFile['server']>['oidc']>

const AT = ['server', 'oidc']
/** People would do nothing but sign in. */
const SHORTEST_MS = 5 * 60 * 1000

/** Where the provider sends people back to, below the address of the dashboard. */
export const CALLBACK_PATH = '/-/login/oidc/callback'

/** Null where none is asked for, for a worker, which signs nobody in, and where what is written cannot be used. */
export async function readOidc(
  { written, report, secrets, role }: FileDraft,
  dashboard: DashboardSettings | null,
): Promise<OidcSettings | null> {
  const oidc = written.server?.oidc
  if (oidc === undefined || role === 'worker') return null
  const publicUrl = readHome(dashboard, report)
  const issuer = readIssuer(needed(oidc, 'issuer', '"https://id.example.com"', report), report)
  const clientId = needed(oidc, 'client-id', '"runhook"', report)
  const clientSecret = await readClientSecret(oidc, secrets, report)
  const rules = readRules(oidc, report)
  const sessionMs = readSession(oidc.session ?? '24h', report)
  const isWhole = publicUrl !== null && issuer !== null && clientId !== undefined
  if (!isWhole || clientSecret === null) return null
  const scopes = asList(oidc.scopes ?? ['profile', 'email']).flatMap((scope) => scope.split(/\s+/))
  return {
    issuer: issuer.href,
    clientId,
    clientSecret,
    scopes: [...new Set(['openid', ...scopes.filter(Boolean)])],
    nameClaim: oidc['name-claim'] ?? null,
    label: oidc.label ?? issuer.host,
    rules,
    sessionMs,
    redirectUri: `${publicUrl}${CALLBACK_PATH}`,
  }
}

function needed<Key extends keyof Written>(
  oidc: Written,
  key: Key,
  example: string,
  report: Report,
): Written[Key] | undefined {
  if (oidc[key] === undefined && !report.given([...AT, key]))
    report.error(AT, `needs "${key}": ${example}`, { at: 'key' })
  return oidc[key]
}

/** A browser may call this server by many names; a provider sends people to the one that it was told. */
function readHome(dashboard: DashboardSettings | null, report: Report): string | null {
  if (dashboard === null) {
    report.error(AT, 'needs the dashboard, and "dashboard" is false', { at: 'key' })
    return null
  }
  const { publicUrl, listen } = dashboard
  const room = listen === null ? 'server' : 'dashboard'
  if (publicUrl === null) {
    const rooms = [['server', 'dashboard'], ...(listen === null ? [['server']] : [])]
    if (!rooms.some((path) => report.given([...path, 'public-url'])))
      report.error(AT, `needs "public-url" in "${room}": the provider sends people back there`, {
        at: 'key',
        hint: 'such as "public-url": "https://deploy.example.com"',
      })
    return null
  }
  if (isSafe(new URL(publicUrl))) return publicUrl
  report.error(AT, `cannot be used with ${publicUrl}: nobody can sign in over plain http`, {
    at: 'key',
    hint: `write the https address of the proxy in "public-url" of "${room}"`,
  })
  return null
}

function readIssuer(written: string | undefined, report: Report): URL | null {
  if (written === undefined) return null
  const at = [...AT, 'issuer']
  const shown = JSON.stringify(report.written(at) ?? written)
  const url = URL.parse(written)
  const isPlain = url !== null && url.search + url.hash + url.username + url.password === ''
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    report.error(at, `${shown} is not an address; write "https://id.example.com"`)
    return null
  }
  if (url.pathname.includes('/.well-known/')) {
    const issuer = url.href.replace(/\/\.well-known\/.*$/, '')
    report.error(at, `is the address of its settings; write what stands before: "${issuer}"`)
    return null
  }
  if (isSafe(url)) return url
  report.error(at, `${shown} is plain http: whoever is on the way could sign in as anybody`, {
    hint: 'write https; plain http is for a provider on this machine',
  })
  return null
}

/** Whether nobody on the way reads along: https, or a place on this machine. */
export function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}

async function readClientSecret(
  oidc: Written,
  secrets: FileDraft['secrets'],
  report: Report,
): Promise<Secret | null> {
  const written = needed(oidc, 'client-secret', `"\${OIDC_CLIENT_SECRET}"`, report)
  const [secret] = await readSecrets([...AT, 'client-secret'], written, secrets)
  return secret ?? null
}

const roleNames = ['admin', 'operator', 'viewer'] as const

function readRules(oidc: Written, report: Report): OidcRule[] {
  const roles = needed(oidc, 'roles', '{ "viewer": { "groups": "staff" } }', report)
  if (roles === undefined) return []
  const at = [...AT, 'roles']
  if (!roleNames.some((role) => report.given([...at, role])))
    report.error(at, 'names nobody, so nobody could come in', {
      hint: 'write whom, as in "roles": { "viewer": { "groups": "staff" } }',
    })
  return roleNames.flatMap((role) => {
    const written = asList(roles[role])
    if (roles[role] !== undefined && written.length === 0)
      report.error([...at, role], EMPTY, { at: 'key' })
    return written.map((claims) => readRule(role, claims, report))
  })
}

const EMPTY = 'is an empty list, which fits nobody; name a value'

function readRule(
  role: OidcRule['role'],
  written: Readonly<Record<string, ClaimWritten>>,
  report: Report,
): OidcRule {
  const path = [...AT, 'roles', role]
  const claims = Object.entries(written).map(([claim, values]): [string, string[]] => {
    const all = asList(values).map(String)
    if (all.length === 0) report.error([...path, claim], EMPTY)
    return [claim, all]
  })
  if (claims.length === 0)
    report.error(path, 'is an empty object, which fits everybody; name a claim')
  else if (role !== 'viewer' && claims.every(([, values]) => values.includes('*')))
    report.warn(path, 'is given to everybody whom the provider knows')
  return { role, claims: new Map(claims) }
}

function readSession(written: string, report: Report): number {
  const at = [...AT, 'session']
  const ms = readDuration(at, written, report, { zero: false })
  if (ms > 0 && ms < SHORTEST_MS)
    report.error(at, `${JSON.stringify(written)} is too short; the shortest is 5m`)
  return ms
}
