/**
 * What a hooks file holds that a role has no use for. Of that no variable is filled in and no file is read: a
 * worker shall not hold the secrets by which deliveries are proven, and a server that only receives shall not
 * hold those of the commands. So one file serves a whole fleet, and each machine has only its own secrets.
 */

import type { Role } from '../model/config.ts'
import type { Path } from './problems.ts'

const unneeded: Readonly<Record<Role, readonly string[]>> = {
  all: [],
  worker: ['secret', 'token', 'users', 'match', 'allow-from'],
  receiver: ['env', 'working-directory', 'shell', 'user'],
}

export function isUnneeded(path: Path, role: Role): boolean {
  const [room, second, third] = path
  if (room === 'server') return second === 'oidc' && role === 'worker' // it signs nobody in
  if (room === 'hosts') return role === 'worker'
  const key = room === 'hooks' ? third : room === 'defaults' ? second : undefined
  return unneeded[role].some((one) => one === key)
}
