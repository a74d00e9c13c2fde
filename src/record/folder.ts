/** Making the data directory. */

import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * With all folders above it that are missing, for this user alone. One by one, because `recursive` of Node
 * tries for ever where a folder is there and nothing can be made in it, as in /proc. Throws the system's error.
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}
