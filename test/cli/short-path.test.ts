/** How files are told: as one would type them. */

import { expect, test } from 'vitest'
import { near } from '../../src/cli/hook-file.ts'
import { shortPath } from '../../src/cli/reloading.ts'

test.each([
  ['/etc/runhook', 'hooks.json'],
  ['/etc', 'runhook/hooks.json'],
  ['/srv/blog', '/etc/runhook/hooks.json'],
  ['/', '/etc/runhook/hooks.json'],
])('from %s a hooks file is %s', (folder, told) => {
  const file = '/etc/runhook/hooks.json'
  expect([near(file, { folder }), shortPath(file, folder)]).toEqual([told, told])
})
