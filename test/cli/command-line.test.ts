import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { RunStatus } from '../../src/model/run.ts'
import { aRun } from '../show/world.ts'
import { aShell, aShellWithServer } from './shell.ts'

test('the help groups the verbs and shows what to type', async () => {
  const { code, out, talk } = await aShell().run('--help')
  expect({ code, talk }).toEqual({ code: 0, talk: '' })
  expect(out).toBe(`Usage: runhook [options] [command]

When something happens at your Git host, or you call a URL, run a command here.

Options:
  -V, --version                 print the version
  -h, --help                    print help

Run it:
  serve [options]               listen for deliveries and run hooks
  worker [options]              only carry out runs, which it finds in the database; nothing listens
  check [options] [file]        find mistakes in the hooks file, and show what it means
  doctor [options] [hook...]    find out why hooks would not work on this machine

Try it:
  send [options] <hook>         send a signed test delivery, as the Git host would
  sign [options] <hook> [file]  print the headers that prove a body; - is standard input
  trigger [options] <hook>      start a hook by hand

See what happened:
  runs [options] [hook]         list runs, newest first
  logs [options] [run|hook]     print the output of a run
  deliveries [options] [id]     list what arrived; with an id, why each hook did or did not run

Step in:
  cancel [options] <run>        stop a run, or take it out of its queue
  rerun [options] <run>         run once more for the same delivery
  redeliver [options] <id>      send a delivery through once more, to the hooks as they are

Let others in:
  user                          say who may sign in to the dashboard, and as what
  token                         make, list and revoke tokens, with which others may ask this server
  audit [options]               list who did what, newest first

On several machines:
  workers [options]             list the workers of a fleet, and what each has
  rollouts [options] [id|hook]  what every worker of a label was to run, and what became of it

Keep its history:
  migrate [options]             bring the database to this release's schema
  export [options]              write the whole history to a file, to move it
  import [options] [file]       read what export wrote, into a database or folder without a history

Examples:
  runhook help deliveries              every option of a command, with examples
  runhook serve                        listen, as hooks.json says
  runhook check                        find mistakes in hooks.json
  runhook doctor                       would its commands work here, from a hook?
  runhook send blog --branch main      send what the Git host would send
  runhook trigger clear-cache --wait   start a hook by hand and watch it
  runhook logs -f                      watch the newest run
  runhook deliveries 57                why did this push run nothing?
  runhook check --explain 57           and would it, by the file as I have edited it?

Exit codes: 0 ok, 1 the run or the check failed, 2 wrong usage, 3 not found, 4 not allowed,
5 no server answers, 78 serve or worker cannot start with this file or data directory, 130 interrupted.
`)
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(await aShell().run('--version')).toMatchObject({ code: 0, out: `${version}\n` })
})

test.each<[string[], string]>([
  [['serv'], "error: unknown command 'serv'\n(Did you mean serve?)\n"],
  [['runs', '--hok', 'x'], "error: unknown option '--hok'\n(Did you mean --hook?)\n"],
  [
    ['runs', '--limit', '0'],
    "error: option '--limit <number>' argument '0' is invalid. Write a number from 1 to 500.\n",
  ],
  [
    ['runs', '--status', 'ok'],
    "error: option '--status <status>' argument 'ok' is invalid. Allowed choices are queued, running, success, failure, timed_out, cancelled, interrupted.\n",
  ],
  [
    ['runs', 'blog', 'site'],
    "error: too many arguments for 'runs'. Expected 1 argument but got 2: blog, site.\n",
  ],
  [['cancel'], "error: missing required argument 'run'\n"],
  [
    ['cancel', 'blog'],
    "error: command-argument value 'blog' is invalid for argument 'run'. Write a number such as 142 or #142.\n",
  ],
  [
    ['trigger', 'x', '-i', 'scope'],
    "error: option '-i, --input <name=value>' argument 'scope' is invalid. Write NAME=VALUE.\n",
  ],
  [
    ['trigger', 'x', '-i', 'a=1', '-i', 'a=2'],
    "error: option '-i, --input <name=value>' argument 'a=2' is invalid. a is given twice.\n",
  ],
  [
    ['serve', '--port', '70000'],
    "error: option '--port <number>' argument '70000' is invalid. Write a number from 0 to 65535.\n",
  ],
  [
    ['send', 'x', '--sha', 'abc'],
    "error: option '--sha <commit>' argument 'abc' is invalid. Write all 40 digits of a commit id, in lower case.\n",
  ],
  [
    ['check', '--explain', '57', '--host', 'gitbucket'],
    "error: option '--host <name>' argument 'gitbucket' is invalid. Allowed choices are github, gitlab, bitbucket, bitbucket-dc, gitea, forgejo, gogs, azure, gitee, sourcehut, webhook.\n",
  ],
  [['redeliver'], "error: missing required argument 'id'\n"],
  [
    ['send', 'x', '--repo', 'acme'],
    "error: option '--repo <owner/name>' argument 'acme' is invalid. Write owner/name.\n",
  ],
  [
    ['trigger', 'x', 'scope=all'],
    "error: too many arguments for 'trigger'. Expected 1 argument but got 2: x, scope=all.\n(Did you mean -i scope=all?)\n",
  ],
  [
    ['deliveries', 'blog'],
    "error: command-argument value 'blog' is invalid for argument 'id'. Write a number such as 142 or #142.\n(Did you mean --hook blog?)\n",
  ],
  [['bogus', '--help'], "error: unknown command 'bogus'\n(Did you mean logs?)\n"],
  [['user', 'ad'], "error: unknown command 'ad'\n(Did you mean add?)\n"],
  [['deliveries', '--refuse'], "error: unknown option '--refuse'\n(Did you mean --refused?)\n"],
])('%o is a usage mistake, and ends with 2', async (words, says) => {
  const verbs = ['serv', 'bogus'].includes(words[0] ?? '') ? '' : ` ${words[0]}`
  const talk = `${says}See: runhook${verbs} --help\n`
  expect(await aShell().run(...words)).toEqual({ code: 2, out: '', talk, screen: talk })
})

test.each([
  ['deliveries', '--failed', '--outcome problem'],
  ['deliveries', '--denied', '--refused'],
  ['runs', '--failed', '--status failure'],
  ['runs', '--user', '--who'],
  ['logs', '--tail', '--follow'],
  ['serve', '--address', '--host'],
  ['runs', '--url', '--server'],
])('the word of another tool is understood: %s %s', async (verb, option, meant) => {
  const { code, talk } = await aShell().run(verb, option)
  expect({ code, talk }).toEqual({
    code: 2,
    talk: `error: unknown option '${option}'\n(Did you mean ${meant}?)\nSee: runhook ${verb} --help\n`,
  })
})

test('no option is proposed that the command does not have', async () => {
  expect((await aShell().run('serve', '--url')).talk).not.toContain('--server')
  expect((await aShell().run('--file')).talk).toBe(
    "error: unknown option '--file'\nSee: runhook --help\n",
  )
})

test.each([
  [['help'], ['--help']],
  [['help', '-h'], ['--help']],
  [
    ['help', 'runs'],
    ['runs', '--help'],
  ],
  [
    ['help', 'user', 'add'],
    ['user', 'add', '--help'],
  ],
  [
    ['user', 'help', 'add'],
    ['user', 'add', '--help'],
  ],
  [
    ['help', 'runs', 'blog'],
    ['runs', '--help'],
  ],
])('%j is %j', async (words, same) => {
  const said = await aShell().run(...words)
  expect(said).toEqual(await aShell().run(...same))
  expect(said).toMatchObject({ code: 0, talk: '' })
})

test('help of what is no command says so, and what was probably meant', async () => {
  expect(await aShell().run('help', 'serv')).toMatchObject({
    code: 2,
    talk: "error: unknown command 'serv'\n(Did you mean serve?)\nSee: runhook --help\n",
  })
  expect((await aShell().run('help', 'user', 'bogus')).talk).toBe(
    "error: unknown command 'bogus'\nSee: runhook user --help\n",
  )
})

test('without a verb the help is shown as a mistake', async () => {
  const { code, out, talk } = await aShell().run()
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(talk).toContain('Usage: runhook [options] [command]')
})

test('every verb takes --config and --data, and every verb that lists or shows takes --json', async () => {
  const verbs = 'serve check send sign trigger runs logs deliveries cancel rerun redeliver'.split(
    ' ',
  )
  for (const verb of verbs) {
    const { code, out } = await aShell().run(verb, '--help')
    expect(code).toBe(0)
    expect(out).toContain('--config <file>')
    expect(out).toContain('--data <folder>')
    expect(out.includes('--json')).toBe(verb !== 'serve')
  }
})

test('every verb that only talks to a server can ask one elsewhere', async () => {
  const verbs = 'serve check send sign trigger runs logs deliveries cancel rerun redeliver'.split(
    ' ',
  )
  const own = 'add list link password role disable enable remove'.split(' ')
  const nested = [
    ...['create', 'list', 'revoke'].map((verb) => ['token', verb]),
    ...own.map((verb) => ['user', verb]),
    ['audit'],
  ]
  const able: string[] = []
  for (const words of [...verbs.map((verb) => [verb]), ...nested]) {
    const { out } = await aShell().run(...words, '--help')
    if (out.includes('--server <url>')) able.push(words.join(' '))
    expect(out).not.toContain('--token')
  }
  expect(able).toEqual([
    ...['trigger', 'runs', 'logs', 'deliveries', 'cancel', 'rerun', 'redeliver'],
    ...['token create', 'token list', 'token revoke'],
    ...own.map((verb) => `user ${verb}`),
    'audit',
  ])
})

test('--data names the server to ask, whatever the hooks file says', async () => {
  const shell = await aShellWithServer()
  shell.world.runs.push(aRun())
  shell.put('hooks.json', { server: { data: 'elsewhere' } })
  expect((await shell.run('runs')).code).toBe(5)
  expect((await shell.run('runs', '--data', '.runhook')).code).toBe(0)
})

test('what nobody foresaw is one sentence; the place in the code only when it is asked for', async () => {
  const broken = async (environment: Record<string, string>) => {
    const shell = await aShellWithServer({ environment })
    shell.world.runs.push(aRun({ status: 'unheard-of' as RunStatus }))
    return shell.run('runs')
  }
  const { code, talk } = await broken({})
  expect(code).toBe(1)
  expect(talk).toMatch(/^error: [^\n]+\n$/)
  expect((await broken({ RUNHOOK_DEBUG: '1' })).talk).toMatch(/\n {4}at .+run-words\.ts:\d+/)
})

test('a folder that is not a server, or one that somebody else owns, is told as such', async () => {
  const shell = aShell()
  shell.put('file', 'x')
  expect(await shell.run('runs', '--data', 'file')).toMatchObject({
    code: 5,
    talk: `error: No server answers at ${shell.folder}/file/runhook.sock. Start one with "runhook serve". If one runs, name its hooks file with --config FILE, or its data folder with --data FOLDER (/var/lib/runhook under systemd); a worker is not asked, but any server of its fleet: --server URL.\n`,
  })
  const long = 'x'.repeat(120)
  expect((await shell.run('runs', '--data', long)).talk).toContain('cannot be asked: ')
})

test('the code of the server, and of other verbs, is loaded only when it is needed', () => {
  const loaded = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    if (!file.endsWith('.ts')) return
    const text = readFileSync(file, 'utf8')
    for (const [, to = ''] of text.matchAll(/^(?:import|export) (?!type)[^']*from '([^']+)'/gm)) {
      load(to.startsWith('.') ? join(dirname(file), to) : to)
    }
  }
  load('src/cli/command-line.ts')
  expect([...loaded].sort()).toEqual([
    'commander',
    'node:fs',
    'src/cli/arguments.ts',
    'src/cli/command-line.ts',
    'src/cli/printable.ts',
    'src/cli/program.ts',
    'src/cli/role-option.ts',
    'src/cli/usage.ts',
    'src/cli/verbs-delivery.ts',
    'src/cli/verbs-doctor.ts',
    'src/cli/verbs-fleet.ts',
    'src/cli/verbs-record.ts',
    'src/cli/verbs-token.ts',
    'src/cli/verbs-user.ts',
    'src/cli/verbs.ts',
    'src/engine.ts',
    'src/errors.ts',
    'src/model/delivery.ts',
    'src/version.ts',
  ])
})
