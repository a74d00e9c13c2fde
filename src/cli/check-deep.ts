/** What `check --deep` adds: each hook is asked as doctor asks it. Apart, because a plain check starts nothing. */

import type { Config } from '../model/config.ts'
import { checkDatabase } from '../preflight/database.ts'
import type { Finding } from '../preflight/finding.ts'
import { createProbe } from '../preflight/probe.ts'
import { serverUser } from '../run/execute.ts'
import { actAsService, hookFindings } from './doctor.ts'
import { configFile, dataFolder, type PlaceOptions } from './locate.ts'
import type { Terminal } from './terminal.ts'

export async function actAs(options: PlaceOptions, terminal: Terminal): Promise<Finding[]> {
  return actAsService(await dataFolder(options, terminal), configFile(options, terminal))
}

export async function findingsOf(config: Config): Promise<Finding[]> {
  const probe = createProbe(serverUser())
  try {
    const { hooks, role } = config
    const ofHooks = role === 'receiver' ? [] : await hookFindings([...hooks.values()], probe)
    return [...(await checkDatabase(config)), ...ofHooks]
  } finally {
    probe.close()
  }
}
