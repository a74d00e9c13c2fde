import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkData } from '../../src/preflight/data.ts'
import { checkFiles } from '../../src/preflight/files.ts'
import { openSqlite } from '../../src/record/sqlite.ts'
import { testUnless } from '../needs.ts'
import { aDirectory } from '../some.ts'

const told = (data: string) =>
  checkData(data, 'deploy').map(({ level, found }) => `${level} ${found}`)

test('a private folder with a sound database is all right', async () => {
  const data = join(aDirectory(), 'data')
  expect(told(data)).toEqual([
    expect.stringMatching(/^ok .*data will be made at the first start, \d/),
  ])
  await openSqlite(data).close()
  const before = readdirSync(data).sort()
  expect(told(data)).toEqual([
    expect.stringMatching(/^ok data directory .* is private, \d+ [GM]B free$/),
  ])
  expect(readdirSync(data).sort()).toEqual(before)
})

test('a folder that is open to others is warned of', () => {
  const data = aDirectory()
  chmodSync(data, 0o755)
  expect(told(data)).toEqual([expect.stringMatching(/^warning .* is open to others \(mode 755\)/)])
})

test('a damaged database is told', async () => {
  const data = join(aDirectory(), 'data')
  await openSqlite(data).close()
  writeFileSync(
    join(data, 'runhook.db'),
    'this is no database at all, and never was one\n'.repeat(999),
  )
  expect(told(data)).toEqual([
    expect.stringMatching(/the database (is damaged|cannot be looked at)/),
  ])
})

testUnless(existsSync('/dev/shm') ? null : 'there is no /dev/shm')('memory is no disk', () => {
  const data = mkdtempSync('/dev/shm/runhook-test-')
  onTestFinished(() => rmSync(data, { recursive: true }))
  const [found] = told(data)
  expect(found).toBe('warning the data directory is in memory (tmpfs): a reboot loses it')
})

test('what everybody may write decides what runs', () => {
  const folder = join(aDirectory(), 'conf')
  mkdirSync(folder)
  const file = join(folder, 'hooks.json')
  writeFileSync(file, '{}')
  expect(checkFiles([file])).toEqual([])
  chmodSync(file, 0o666)
  chmodSync(folder, 0o777)
  expect(checkFiles([file]).map(({ mend }) => mend)).toEqual([
    [`chmod o-w ${folder}`],
    [`chmod o-w ${file}`],
  ])
  chmodSync(folder, 0o1777)
  expect(checkFiles([file])).toHaveLength(1)
})
