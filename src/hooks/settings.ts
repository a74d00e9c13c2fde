/**
 * The `server` part of a hooks file, with what the command line says instead and every default.
 */

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { ServerSettings } from '../model/config.ts'
import { readNetworks } from './access.ts'
import { readDashboard, readPort, readProxyLogin, readUrl } from './dashboard.ts'
import { readDatabase } from './database.ts'
import type { FileDraft } from './draft.ts'
import { readKeep } from './keep.ts'
import { readOidc } from './oidc.ts'
import { readDuration } from './surroundings.ts'
import { readWorker, type WorkerOverrides } from './worker.ts'

export interface Overrides extends WorkerOverrides {
  readonly host?: string
  readonly port?: number
  readonly data?: string
}

export async function readServer(
  draft: FileDraft,
  overrides: Overrides,
  stateDirectory: string | undefined,
): Promise<ServerSettings> {
  const { written, folder, report } = draft
  const server = written.server ?? {}
  const publicUrl = readUrl(['server', 'public-url'], server['public-url'], report)
  const dashboard = readDashboard(draft, publicUrl)
  return {
    host: overrides.host ?? server.host ?? '127.0.0.1',
    port: overrides.port ?? readPort(['server', 'port'], server.port ?? 9000, report),
    data: dataFolder(folder, server.data, overrides.data, stateDirectory),
    publicUrl,
    maxParallel: server['max-parallel'] ?? Math.max(4, 4 * availableParallelism()),
    maxWaiting: server['max-waiting'] ?? 10_000,
    drainMs: readDuration(['server', 'drain'], server.drain ?? '60s', report, { zero: true }),
    keep: readKeep(draft),
    trustedProxies: readNetworks(['server', 'trusted-proxies'], server['trusted-proxies'], report),
    dashboard,
    proxyLogin: readProxyLogin(draft),
    oidc: await readOidc(draft, dashboard),
    database: await readDatabase(draft),
    worker: await readWorker(draft, overrides),
  }
}

function dataFolder(
  folder: string,
  written: string | undefined,
  override: string | undefined,
  stateDirectory: string | undefined,
): string {
  // Given on the command line it is relative to where that was typed.
  if (override !== undefined) return resolve(override)
  // systemd lists several with colons; the first is the unit's own.
  const state = stateDirectory?.split(':')[0]
  return resolve(folder, written ?? (state || '.runhook'))
}
