/**
 * Notices when a file changes, in whichever way it is written: in place, by a rename over it, or by the
 * swap of a link to its folder, as Kubernetes does. Watches folders, for a watch on a file stays with the
 * old file when a new one takes its name. Nothing that goes wrong here ends the process.
 */

import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Writers touch a file several times; one call stands for all of them. */
const settleMs = 100
/** A folder that cannot be watched, being away for a moment, is tried again. */
const retryMs = 1000

/** Calls `onChange` after any of the files became another, appeared or went. */
export function watchConfig(files: readonly string[], onChange: () => void): { close(): void } {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | null = null
  let closed = false
  let seen = stateOf(files)
  open()

  return {
    close() {
      closed = true
      if (timer !== null) clearTimeout(timer)
      for (const key of watchers.keys()) drop(key)
    },
  }

  function later(ms: number): void {
    if (timer !== null) clearTimeout(timer)
    timer = closed ? null : setTimeout(look, ms).unref()
  }

  function look(): void {
    timer = null
    open()
    const now = stateOf(files)
    if (now === seen) return
    seen = now
    onChange()
  }

  /** Links may lead elsewhere now, and a folder may be a new one of the same name: all is found anew. */
  function open(): void {
    const wanted = new Map(files.flatMap(foldersOf).map((folder) => [folderKey(folder), folder]))
    for (const key of watchers.keys()) if (!wanted.has(key)) drop(key)
    for (const [key, folder] of wanted) if (!watchers.has(key)) add(key, folder)
  }

  function add(key: string, folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => later(settleMs))
      watchers.set(key, watcher)
      watcher.on('error', () => {
        drop(key)
        later(retryMs)
      })
    } catch {
      later(retryMs)
    }
  }

  function drop(key: string): void {
    watchers.get(key)?.close()
    watchers.delete(key)
  }
}

function folderKey(folder: string): string {
  try {
    const { dev, ino } = statSync(folder, { bigint: true })
    return `${folder} ${dev}:${ino}`
  } catch {
    return folder
  }
}

/** The folder of the name, and the folder of what the name leads to through links. */
function foldersOf(file: string): string[] {
  const own = dirname(file)
  try {
    return [own, dirname(realpathSync(file))]
  } catch {
    return [own]
  }
}

/** Differs whenever a file was written or is another one. Other files of the folder do not matter. */
function stateOf(files: readonly string[]): string {
  return files.map(identity).join('\n')
}

function identity(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return [ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return 'missing'
  }
}
