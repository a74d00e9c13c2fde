/**
 * The hooks file as a user writes it: every key, its shape and its description. The JSON Schema for
 * editors and the reference of keys are made from here. What values mean together is judged in hook.ts
 * and beside it. Each message is the end of a sentence "… is not …; write …", see shape.ts.
 */

import * as v from 'valibot'
import { dashboard, login, port } from './schema-dashboard.ts'
import { fleetKeys } from './schema-fleet.ts'
import { hook } from './schema-hook.ts'
import { keep } from './schema-keep.ts'
import { oidc } from './schema-oidc.ts'
import { duration, env, hookName, key, parallel, secrets, text } from './schema-parts.ts'
import { terms } from './schema-terms.ts'
import { networks } from './schema-url.ts'

const defaults = v.strictObject(
  {
    timeout: key('Timeout', 'Longest time a run may take.', duration),
    env: key('Environment', 'Variables every command gets; a hook can replace each of them.', env),
    'working-directory': key(
      'Working directory',
      "Where commands run. Relative to the hooks file's folder.",
      text('a folder'),
    ),
    shell: key('Shell', 'Runs each line of "run". Default: /bin/sh.', text('a program')),
    ...terms,
  },
  'an object such as { "timeout": "10m" }',
)

const waiting = 'a number of runs; write a whole number from 1 to 1000000'

const server = v.strictObject(
  {
    host: key('Host', 'Address to listen on. Default: 127.0.0.1.', text('an address')),
    port: key('Port', 'Port to listen on; 0 takes any that is free. Default: 9000.', port),
    data: key(
      'Data folder',
      "Where deliveries, runs and their output are kept. Relative to the hooks file's folder. Default: $STATE_DIRECTORY, else .runhook beside the hooks file.",
      text('a folder'),
    ),
    'public-url': key(
      'Public URL',
      'The address by which people and Git hosts reach this server, such as https://deploy.example.com. With a path it is for hooks alone.',
      text('an address such as "https://deploy.example.com"'),
    ),
    'max-parallel': key(
      'Parallel runs',
      'Most runs at the same time. Default: four for each processor core.',
      parallel,
    ),
    'max-waiting': key(
      'Waiting runs',
      'Most runs that may wait. A delivery that asks for more is answered 503 and not kept. Default: 10000.',
      v.pipe(
        v.number(waiting),
        v.integer(waiting),
        v.minValue(1, waiting),
        v.maxValue(1_000_000, waiting),
      ),
    ),
    drain: key(
      'Drain',
      'How long a stopping server waits for running commands before it ends them. Default: 60s.',
      duration,
    ),
    keep: key('Keep', 'How long things are kept; what is older is removed bit by bit.', keep),
    'trusted-proxies': key(
      'Trusted proxies',
      'Networks of the proxies in front of this server. Whose X-Forwarded-For comes from there is known by his own address. Default: none.',
      networks,
    ),
    ...fleetKeys,
    dashboard: key(
      'Dashboard',
      'Where people look at what happened. Default: where deliveries come to, beneath /-/. false: there is none.',
      dashboard,
    ),
    login: key('Login', 'Who signs people in to the dashboard beside runhook itself.', login),
    oidc: key(
      'OpenID Connect',
      'A provider that people may sign in by: Keycloak, Authentik, Google, Forgejo and others.',
      oidc,
    ),
  },
  'an object such as { "port": 9000 }',
)

const host = v.strictObject(
  {
    secret: v.pipe(
      secrets,
      v.title('Secret'),
      v.description('Accepted for each hook of this host that has no secret of its own.'),
    ),
  },
  `an object such as { "secret": "\${GITHUB_SECRET}" }`,
)

/** One for each host with a shared path; sourcehut has none, see hosts/hosts.ts. */
const hosts = v.strictObject(
  {
    github: key('GitHub', 'What webhooks of github.com or GitHub Enterprise share.', host),
    gitlab: key('GitLab', 'What webhooks of gitlab.com or a GitLab of yours share.', host),
    bitbucket: key('Bitbucket', 'What webhooks of Bitbucket Cloud share.', host),
    'bitbucket-dc': key(
      'Bitbucket Data Center',
      'What webhooks of Bitbucket Data Center share.',
      host,
    ),
    gitea: key('Gitea', 'What webhooks of Gitea share.', host),
    forgejo: key('Forgejo', 'What webhooks of Forgejo or Codeberg share.', host),
    gogs: key('Gogs', 'What webhooks of Gogs share.', host),
    azure: key('Azure DevOps', 'What service hooks of Azure DevOps share: "user:password".', host),
    gitee: key('Gitee', 'What webhooks of Gitee share.', host),
  },
  `an object such as { "github": { "secret": "\${GITHUB_SECRET}" } }`,
)

export const hooksFile = v.pipe(
  v.strictObject(
    {
      $schema: key('Schema', 'Where an editor finds the description of this file.', text('a path')),
      defaults: key('Defaults', 'Applied to every hook that does not say otherwise.', defaults),
      server: key('Server', 'How runhook listens, keeps and stops.', server),
      hosts: key('Hosts', 'What all webhooks of one Git host share.', hosts),
      hooks: key(
        'Hooks',
        'Each hook by its name: lower-case letters, digits and "-". The name is in its address, /hooks/NAME.',
        v.record(
          v.pipe(
            v.string(),
            v.regex(hookName, 'a name for a hook; write lower-case letters, digits and "-"'),
          ),
          hook,
          'an object of hooks by name',
        ),
      ),
    },
    'an object such as { "hooks": { … } }',
  ),
  v.title('runhook hooks file'),
  v.description('When something happens at a Git host, or somebody calls a URL, run a command.'),
)

export type HooksFile = v.InferInput<typeof hooksFile>
