import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Database } from '../../src/record/database.ts'
import { makeFolder } from '../../src/record/folder.ts'
import { testUnless } from '../needs.ts'
import { aDirectory } from '../some.ts'

test('a folder is made with those above it, for this user alone', () => {
  const above = join(aDirectory(), 'a')
  makeFolder(join(above, 'b'))
  makeFolder(join(above, 'b'))
  for (const path of [above, join(above, 'b')]) expect(statSync(path).mode & 0o777).toBe(0o700)
})

testUnless(existsSync('/proc/self') ? null : 'there is no /proc')(
  'where no folder can be made that is said, and not tried for ever',
  () => {
    expect(() => makeFolder('/proc/none/data')).toThrow(/ENOENT/)
    expect(() => new Database('/proc/none')).toThrow(
      /^The data directory \/proc\/none cannot be used: ENOENT/,
    )
  },
)
