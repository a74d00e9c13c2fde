import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Machine } from '../../src/fleet/machine.ts'
import { aDirectory } from '../some.ts'

async function tokenOf(folder: string): Promise<string> {
  const machine = new Machine(folder)
  await machine.close()
  return machine.token
}

test('a data folder keeps its token, and a copy of it on the same machine gets another', async () => {
  const folder = join(aDirectory(), 'data')
  const token = await tokenOf(folder)
  const copy = join(aDirectory(), 'data')
  cpSync(folder, copy, { recursive: true })
  expect(await tokenOf(copy)).not.toBe(token)
  expect(await tokenOf(folder)).toBe(token)
})
