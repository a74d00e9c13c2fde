/** The verb `token` and what stands beneath it. */

import { Option } from 'commander'
import type { CreateOptions, ListOptions, TokenOptions } from './token.ts'
import { asking, type Verbs } from './verbs.ts'

const sample = `  runhook token create ci --role operator --expires 90d > token
  RUNHOOK_TOKEN=$(cat token) runhook runs --server https://deploy.example.com`

const ROLES = ['viewer', 'operator', 'admin']

export function addToken({ program, terminal, finish }: Verbs): void {
  const token = program
    .command('token')
    .description('make, list and revoke tokens, with which others may ask this server')
    .helpCommand(false)
  const verbs = { program: token, terminal, finish }

  asking(verbs, 'create <name>', 'make a token and print it, once', sample)
    .addOption(
      new Option('--role <role>', 'viewer reads; operator also cancels, re-runs, starts')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--expires <time>', 'such as 12h or 90d (default: never)')
    .option('--json', 'print JSON')
    .action(async (name: string, options: CreateOptions) => {
      const { createToken } = await import('./token.ts')
      finish(await createToken(name, options, terminal))
    })

  asking(verbs, 'list', 'list tokens, newest first')
    .option('--all', 'also revoked ones')
    .option('--json', 'print JSON')
    .action(async (options: ListOptions) => {
      const { listTokens } = await import('./token.ts')
      finish(await listTokens(options, terminal))
    })

  asking(verbs, 'revoke <id|name>', 'revoke a token')
    .option('--json', 'print JSON')
    .action(async (which: string, options: TokenOptions) => {
      const { revokeToken } = await import('./token.ts')
      finish(await revokeToken(which, options, terminal))
    })
}
