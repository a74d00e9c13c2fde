/** Who else may change what runs here. Who may read secrets is told when the hooks file is loaded. */

import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { error, type Finding } from './finding.ts'

/** The hooks file with what it reads, and the folders they are in. */
export function checkFiles(files: readonly string[]): Finding[] {
  const places = new Set(files.flatMap((file) => [dirname(file), file]))
  return [...places].filter(anybodyWrites).map((place) => {
    const found = `everybody on this machine may write ${place}, and so choose what runs`
    return error('files', found, `chmod o-w ${place}`)
  })
}

/** In a folder with the sticky bit, such as /tmp, others cannot replace a file. */
function anybodyWrites(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats !== undefined && (stats.mode & 0o002) !== 0 && (stats.mode & 0o1000) === 0
}
