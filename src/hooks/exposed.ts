/**
 * Secrets that stand in an environment. Every command of the same user can read /proc/<pid>/environ of the
 * server, as it was at its start, so a secret of one hook is open to the commands of all.
 */

import type { Config } from '../model/config.ts'

/** Names of the variables that hold one, sorted. */
export function exposedSecrets(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const kept = [
    ...config.hosts.values(),
    ...[...config.hooks.values()].flatMap(({ secrets, tokens }) => [secrets, tokens]),
    config.server.worker.sealKeys ?? [],
  ]
  const values = new Set([...kept.flat().map(({ value }) => value), config.server.database])
  const names = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && values.has(value) ? name : [],
  )
  return names.sort()
}

export function exposedText(names: readonly string[]): string {
  const verb = names.length === 1 ? 'stands' : 'stand'
  return `${names.join(', ')} ${verb} in the server's own environment, which every command of its user can read`
}

export const EXPOSED_MEND =
  'put secrets into .env beside the hooks file, or a file or credential, and start the server without them'
