/** Hooks asked as doctor asks them, by the user who runs the tests. */

import { onTestFinished } from 'vitest'
import type { Hook } from '../../src/model/hook.ts'
import { checkHook } from '../../src/preflight/hook.ts'
import { createProbe } from '../../src/preflight/probe.ts'
import { serverUser } from '../../src/run/execute.ts'
import type { Repositories } from '../git.ts'
import { aHook } from '../some.ts'

export function aProbe() {
  const probe = createProbe(serverUser())
  onTestFinished(() => probe.close())
  return probe
}

/** `✗ check: found`, with what mends it. */
export async function findings(fields: Partial<Hook>): Promise<string[]> {
  const marks = { ok: '✓', warning: '!', error: '✗' }
  const found = await checkHook(aHook(fields), aProbe())
  return found.flatMap(({ level, check, found, mend }) => [
    `${marks[level]} ${check}: ${found}`,
    ...mend.map((line) => `  ${line}`),
  ])
}

export function inTree({ tree, folder }: Repositories, ...lines: string[]): Partial<Hook> {
  return {
    workingDirectory: tree,
    env: { HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    steps: lines.map((line) => ({ kind: 'shell', line, shell: '/bin/sh' })),
  }
}
