/** The verbs `user`, with what stands beneath it, and `audit`. */

import { Option } from 'commander'
import { toLimit } from './arguments.ts'
import type { AuditOptions } from './audit.ts'
import type { AddOptions, UserOptions } from './user.ts'
import { asking, type Verbs } from './verbs.ts'

const ROLES = ['viewer', 'operator', 'admin']

const sample = `  runhook user add ada --role operator    make a user, and print a link that lets her in
  runhook user link ada                   print another
  runhook user password ada < password    or without "<": you are asked for it`

export function addUser({ program, terminal, finish }: Verbs): void {
  const user = program
    .command('user')
    .description('say who may sign in to the dashboard, and as what')
    .helpCommand(false)
  const verbs = { program: user, terminal, finish }

  asking(verbs, 'add <name>', 'make a user, and print a link that lets him in once', sample)
    .addOption(
      new Option('--role <role>', 'viewer reads; operator also cancels, re-runs, starts')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--json', 'print JSON')
    .action(async (name: string, options: AddOptions) => {
      const { addUser } = await import('./user.ts')
      finish(await addUser(name, options, terminal))
    })

  asking(verbs, 'list', 'list users by name')
    .option('--json', 'print JSON')
    .action(async (options: UserOptions) => {
      const { listUsers } = await import('./user.ts')
      finish(await listUsers(options, terminal))
    })

  asking(verbs, 'role <name> <role>', 'give a user another role: viewer, operator or admin')
    .option('--json', 'print JSON')
    .action(async (name: string, role: string, options: UserOptions) => {
      const { setRole } = await import('./user.ts')
      finish(await setRole(name, role, options, terminal))
    })

  addNamed(verbs)
}

/** Those that take a name and nothing more. */
function addNamed(verbs: Verbs): void {
  const all = [
    ['link', 'print a link that lets a user in, once and within 15 minutes', 'linkUser'],
    ['password', 'set the password of a user, typed or from standard input', 'setPassword'],
    ['disable', 'sign a user out and let him in no more', 'disableUser'],
    ['enable', 'let a disabled user in again', 'enableUser'],
    ['remove', 'remove a user', 'removeUser'],
  ] as const
  for (const [word, description, work] of all) {
    asking(verbs, `${word} <name>`, description)
      .option('--json', 'print JSON')
      .action(async (name: string, options: UserOptions) => {
        const user = await import('./user.ts')
        verbs.finish(await user[work](name, options, verbs.terminal))
      })
  }
}

export function addAudit(verbs: Verbs): void {
  asking(verbs, 'audit', 'list who did what, newest first')
    .option('--limit <number>', 'at most this many', toLimit, 50)
    .option('--json', 'print JSON')
    .action(async (options: AuditOptions) => {
      const { audit } = await import('./audit.ts')
      verbs.finish(await audit(options, verbs.terminal))
    })
}
