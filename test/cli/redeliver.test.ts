import { expect, test } from 'vitest'
import { RunhookError } from '../../src/errors.ts'
import type { Redelivered } from '../../src/show/control.ts'
import { aRun, aStored } from '../show/world.ts'
import { aShellWithServer } from './shell.ts'

const verdict = {
  hook: 'blog',
  update: 0,
  matched: true,
  checks: [
    {
      rule: 'repo',
      result: 'pass' as const,
      wanted: 'acme/site',
      found: 'acme/site',
      says: 'acme/site',
    },
  ],
  run: null,
}
const other = { ...verdict, hook: 'api', matched: false }

async function answering(redelivered: Redelivered) {
  const shell = await aShellWithServer()
  shell.world.control = { redeliver: async () => redelivered }
  return shell
}

test('a redelivery says which delivery it is now, what each hook said, and how to follow its runs', async () => {
  const delivery = aStored({ id: 60, duplicateOf: 57, verdicts: [{ ...verdict, run: 143 }, other] })
  const shell = await answering({ delivery, runs: [aRun({ id: 143 })] })
  expect(await shell.run('redeliver', '#57')).toMatchObject({
    code: 0,
    out: `#60 redelivers #57  push acme/site main aaaaaaa by ada
  blog  ✓ repo acme/site  → run #143
  api   ✓ repo acme/site
`,
    talk: '  runhook logs -f 143\n',
  })
  expect(shell.world.asked).toEqual(['redeliver 57 {"dryRun":false} by ada'])
})

test('a dry run says what would run, and that nothing did', async () => {
  const shell = await answering({ delivery: aStored({ verdicts: [verdict, other] }), runs: [] })
  expect(await shell.run('redeliver', '57', '--dry-run')).toMatchObject({
    code: 0,
    out: `#57  push acme/site main aaaaaaa by ada
  blog  ✓ repo acme/site  → would run
  api   ✓ repo acme/site
`,
    talk: 'A dry run: nothing was started, and nothing recorded.\n',
  })
  expect(shell.world.asked).toEqual(['redeliver 57 {"dryRun":true} by ada'])
})

test('it ends with 1 when no hook matches', async () => {
  const shell = await answering({ delivery: aStored({ id: 60, verdicts: [other] }), runs: [] })
  expect((await shell.run('redeliver', '57')).code).toBe(1)
  expect((await shell.run('redeliver', '57', '--dry-run')).code).toBe(1)
})

test('--json gives the same facts to programs', async () => {
  const delivery = aStored({ id: 60, duplicateOf: 57, verdicts: [{ ...verdict, run: 143 }] })
  const shell = await answering({ delivery, runs: [aRun({ id: 143 })] })
  expect(JSON.parse((await shell.run('redeliver', '57', '--json')).screen)).toMatchObject({
    dryRun: false,
    delivery: { id: 60, duplicateOf: 57 },
    runs: [{ id: 143 }],
  })
})

test('a refusal is told in the words of the server', async () => {
  const shell = await aShellWithServer()
  shell.world.control = {
    redeliver: async () => {
      throw new RunhookError('conflict', 'Nothing answers at /x now, where #57 came in.')
    },
  }
  expect(await shell.run('redeliver', '57')).toMatchObject({
    code: 1,
    out: '',
    talk: 'error: Nothing answers at /x now, where #57 came in.\n',
  })
  expect((await shell.run('redeliver', 'x')).code).toBe(2)
})
