#!/usr/bin/env node
/**
 * The program `runhook`. Looks at the version of Node before anything else is loaded: code that an older
 * one cannot even read would fail in words that help nobody.
 */

import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 24

if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  process.stderr.write(
    `error: runhook needs Node ${NEEDED} or newer; this is ${process.versions.node} (${process.execPath}).\n${cameAlong()}`,
  )
  process.exitCode = 1
} else await main(process.argv.slice(2))

async function main(words: string[]): Promise<void> {
  const serving = words[0] === 'serve'
  for (const out of [process.stdout, process.stderr]) out.on('error', serving ? goOn : endQuietly)
  // The server has its own way to stop.
  if (!serving) process.on('SIGINT', () => process.exit(130))
  const { createTerminal } = await import('./terminal.ts')
  const { runCommandLine } = await import('./command-line.ts')
  process.exitCode = await runCommandLine(words, createTerminal(userName()))
}

/** A development dependency of ours is Node itself: where it is installed, it stands beside the program. */
function cameAlong(): string {
  const folder = fileURLToPath(new URL('../../node_modules/node/bin', import.meta.url))
  if (!existsSync(join(folder, 'node'))) return ''
  return `A newer one came along: PATH=${folder}:$PATH runhook …\n`
}

/** Whoever reads may stop reading: `runhook runs | head -1`. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  throw error
}

/** A server has more to do than to be read: what it says goes to the runs, too. */
function goOn(): void {}

/** A user id without a name, as in some containers, throws. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'cli'
  }
}
