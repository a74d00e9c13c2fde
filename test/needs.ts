/**
 * Tests that need a tool this machine may lack skip visibly, with the tool's name in their title. Under
 * CI nothing may skip: there a missing tool is a failure.
 */

import { spawnSync } from 'node:child_process'
import { test } from 'vitest'

export function needs(tool: string) {
  const found = spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
  return testUnless(found ? null : `${tool} is not installed`)
}

export type MaybeTest = ReturnType<typeof testUnless>

/** `test`, or its skipping twin when there is a reason. */
export function testUnless(missing: string | null) {
  if (missing === null) return test
  if (process.env.CI) throw new Error(`under CI nothing may skip: ${missing}`)
  return test.skip
}

/**
 * What no package brings and not every machine can give, such as control groups in a container: skips
 * visibly also under CI, where .ci/run has tried to get it and says so again.
 */
export function testWhereGiven(missing: string | null) {
  return missing === null ? test : test.skip
}
