/** Where the dashboard is, and whom it believes about its users: the two keys of "server" that say so. */

import type { DashboardSettings, ProxyLogin } from '../model/config.ts'
import type { FileDraft } from './draft.ts'
import type { Path } from './problems.ts'
import type { Report } from './report.ts'
import { asList } from './triggers.ts'

const AT = ['server', 'dashboard']

export function readDashboard(
  { written, report }: FileDraft,
  /** Of "server". */
  publicUrl: string | null,
): DashboardSettings | null {
  const { dashboard = {} } = written.server ?? {}
  if (dashboard === false) return null
  const own = readOwnUrl(dashboard['public-url'], report)
  const { host, port } = dashboard
  if (port === undefined) {
    if (host !== undefined) report.error([...AT, 'host'], 'needs a "port" beside it', { at: 'key' })
    return {
      listen: null,
      publicUrl: own ?? withoutPath(publicUrl, dashboard['public-url'], report),
    }
  }
  const listen = { host: host ?? '127.0.0.1', port: readPort([...AT, 'port'], port, report) }
  return { listen, publicUrl: own }
}

/** Its pages lead to each other by `/-/…`, its cookies count for a whole host: beneath a path it cannot be. */
function readOwnUrl(written: string | undefined, report: Report): string | null {
  const at = [...AT, 'public-url']
  const url = readUrl(at, written, report)
  if (url === null || !hasPath(url)) return url
  const shown = JSON.stringify(report.written(at) ?? written)
  report.error(at, `${shown} has a path, beneath which it cannot be`, {
    hint: `${OWN_NAME}, such as "${EXAMPLE}"`,
  })
  return null
}

/**
 * Behind a proxy that takes the path away, hooks are rightly told by an address with one. The dashboard at the
 * same address is not: where people reach it is then unknown.
 */
function withoutPath(url: string | null, own: string | undefined, report: Report): string | null {
  if (url === null || !hasPath(url)) return url
  if (own === undefined)
    report.warn(
      ['server', 'public-url'],
      'has a path: hooks can be called by it, the dashboard cannot',
      {
        hint: `${OWN_NAME}: "dashboard": { "public-url": "${EXAMPLE}" }; or leave it out: "dashboard": false`,
      },
    )
  return null
}

function hasPath(url: string): boolean {
  return new URL(url).pathname !== '/'
}

const OWN_NAME = 'give the dashboard a name of its own'
const EXAMPLE = 'https://runs.example.com'

export function readProxyLogin({ written, report }: FileDraft): ProxyLogin | null {
  const { login, 'trusted-proxies': proxies } = written.server ?? {}
  const header = login?.['proxy-header']
  if (login === undefined) return null
  const at = ['server', 'login', 'proxy-header']
  if (header === undefined) {
    if (!report.given(at))
      report.error(['server', 'login'], 'needs "proxy-header": "Remote-User"', { at: 'key' })
    return null
  }
  if (asList(proxies).length === 0) {
    report.error(at, 'needs "trusted-proxies": without them it is believed of nobody', {
      at: 'key',
      hint: 'name the address of the proxy, such as "trusted-proxies": "10.0.0.2"',
    })
  }
  const everybody = asList(proxies).find((network) => /\/0+$/.test(network))
  if (everybody !== undefined) {
    report.error(at, `cannot stand beside "trusted-proxies" of ${JSON.stringify(everybody)}`, {
      at: 'key',
      hint: 'anybody could say who he is; name the address of the proxy alone',
    })
  }
  const roles = Object.entries(login.roles ?? {}).map(([name, role]) => [name.toLowerCase(), role])
  return {
    header: header.toLowerCase(),
    role: login.role ?? 'viewer',
    roles: new Map(roles as [string, ProxyLogin['role']][]), // pairs, made in the line before
  }
}

/** As text it comes from a variable: `"${PORT:-9000}"`. */
export function readPort(path: Path, written: number | string, report: Report): number {
  const port = Number(written)
  if (port > 65535) report.error(path, `${port} is not a port; write a number from 0 to 65535`)
  return port
}

export function readUrl(path: Path, written: string | undefined, report: Report): string | null {
  if (written === undefined) return null
  const url = URL.parse(written)
  const plain = url !== null && url.search + url.hash + url.username + url.password === ''
  if (plain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '')
  const shown = JSON.stringify(report.written(path) ?? written)
  report.error(path, `${shown} is not an address; write "https://deploy.example.com"`)
  return null
}
