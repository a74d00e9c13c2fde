/**
 * The verbs: their words, their help, and which file does the work. That file is loaded only when its
 * verb is called, so that `runhook --help` need not wait for the server's code.
 */

import { type Command, Option } from 'commander'
import { gitHostNames } from '../model/delivery.ts'
import {
  toId,
  toInputs,
  toLabels,
  toLimit,
  toList,
  toParallel,
  toPort,
  toRepository,
  toRoles,
  toServer,
  toSha,
} from './arguments.ts'
import type { CancelOptions } from './cancel.ts'
import type { CheckOptions } from './check.ts'
import type { LogsOptions } from './logs.ts'
import { roleOption } from './role-option.ts'
import type { RunsOptions } from './runs.ts'
import type { SendOptions } from './send.ts'
import type { ServeOptions } from './serve.ts'
import type { SignOptions } from './sign.ts'
import type { Terminal } from './terminal.ts'
import type { StartOptions, TriggerOptions } from './trigger.ts'
import type { WorkerOptions } from './worker.ts'

export interface Verbs {
  readonly program: Command
  readonly terminal: Terminal
  readonly finish: (exitCode: number) => void
}

/** Every verb finds its hooks file and its server by the same two options. */
export function verb({ program }: Verbs, words: string, description: string, sample = ''): Command {
  const command = program
    .command(words)
    .description(description)
    .option('--config <file>', 'hooks file (default: $RUNHOOK_CONFIG, hooks.json)')
    .option('--data <folder>', 'data folder (default: the one that the hooks file implies)')
  return sample === '' ? command : command.addHelpText('after', `\nExamples:\n${sample}`)
}

/** A verb that only talks to a running server need not run on the same machine. */
export function asking(verbs: Verbs, words: string, description: string, sample = ''): Command {
  const server = new Option('--server <url>', 'server elsewhere; its token is in RUNHOOK_TOKEN')
  return verb(verbs, words, description, sample).addOption(
    server.argParser(toServer).conflicts(['config', 'data']),
  )
}

export function addServe(verbs: Verbs): void {
  verb(verbs, 'serve', 'listen for deliveries and run hooks')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on (default: 9000)', toPort)
    .option('--only <roles>', 'some of receive,show,run; others do the rest', toRoles)
    .option('--labels <labels>', 'whose runs it takes, such as web,eu (default: default)', toLabels)
    .option('--name <name>', 'its name in the fleet (default: that of the machine)')
    .option('--allow <file>', 'hooks that it ever runs, as "check --hashes" prints them')
    .option('--try', 'make missing secrets, write them to .env, and print commands to try')
    .action(async (options: Partial<ServeOptions>) => {
      const { serve } = await import('./serve.ts')
      const config = options.config || verbs.terminal.environment.RUNHOOK_CONFIG || 'hooks.json'
      verbs.finish(await serve({ ...options, config }))
    })
}

const workerSample = `  runhook worker --labels web,eu --name web-1`

export function addWorker(verbs: Verbs): void {
  const what = 'only carry out runs, which it finds in the database'
  verb(verbs, 'worker', `${what}; nothing listens`, workerSample)
    .option('--labels <labels>', 'whose runs it takes, such as web,eu (default: default)', toLabels)
    .option('--name <name>', 'its name in the fleet (default: that of the machine)')
    .option('--allow <file>', 'hooks that it ever runs, as "check --hashes" prints them')
    .option('--parallel <number>', 'runs at once (default: server.max-parallel)', toParallel)
    .action(async (options: Partial<WorkerOptions>) => {
      const { worker } = await import('./worker.ts')
      const config = options.config || verbs.terminal.environment.RUNHOOK_CONFIG || 'hooks.json'
      verbs.finish(await worker({ ...options, config }))
    })
}

const checkSample = `  runhook check --explain 57             would the edited file run what came as #57?
  runhook check --explain push.json --hook blog
  runhook check --explain mr.json --event pull_request --host gitlab`

export function addCheck(verbs: Verbs): void {
  verb(
    verbs,
    'check [file]',
    'find mistakes in the hooks file, and show what it means',
    checkSample,
  )
    .option('--deep', 'ask of each hook too whether it would work here, as doctor does')
    .addOption(roleOption())
    .option('--hashes', 'print the hash of each command as JSON, for "allow" of a worker')
    .option('--explain <id|file>', 'say what it makes of a delivery or payload, running nothing')
    .option('--hook <name>', 'with --explain: ask only this hook')
    .option('--event <name>', 'with --explain FILE: which event it is (default: push)')
    .addOption(
      new Option('--host <name>', 'with --explain FILE: whose it is (default: github)').choices([
        ...gitHostNames,
        'webhook',
      ]),
    )
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: CheckOptions) => {
      const { check } = await import('./check.ts')
      const named = file === undefined ? options : { ...options, config: file }
      verbs.finish(await check(named, verbs.terminal))
    })
}

const sendSample = `  runhook send blog                       what starts the hook by its own triggers
  runhook send blog --branch feature/x    and what another branch would get
  runhook send blog --event ping
  runhook send blog --payload push.json --event push
  runhook send clear-cache -i scope=all   a hook that people start`

export function addSend(verbs: Verbs): void {
  verb(verbs, 'send <hook>', 'send a signed test delivery, as the Git host would', sendSample)
    .option('--event <name>', 'push, tag, pull_request, release, ping … or the name at the host')
    .option('--action <name>', 'published, opened, merged …')
    .option('--branch <name>', 'branch that was pushed, or that a pull request goes into')
    .option('--tag <name>', 'tag that was pushed or released')
    .option('--path <file>', 'changed file; may be given several times', toList)
    .option('--sha <commit>', 'new commit (default: a random one)', toSha)
    .option('--repo <owner/name>', "repository (default: the hook's)", toRepository)
    .option('--sender <name>', 'who did it')
    .option('-i, --input <name=value>', 'input of a hook that is called', toInputs)
    .option('--payload <file>', 'send this body, byte for byte; - is standard input')
    .option('--to <url>', 'server to send to (default: the one that runs here)')
    .option('--json', 'print JSON')
    .action(async (hook: string, options: SendOptions) => {
      const { send } = await import('./send.ts')
      verbs.finish(await send(hook, options, verbs.terminal))
    })
}

const signSample = `  runhook sign clear-cache --curl        commands to paste, without the secret in them
  runhook sign clear-cache --curl -i scope=all
  runhook sign blog push.json            headers for this body
  echo '{}' | runhook sign clear-cache -`

export function addSign(verbs: Verbs): void {
  verb(
    verbs,
    'sign <hook> [file]',
    'print the headers that prove a body; - is standard input',
    signSample,
  )
    .option('--curl', 'print complete curl commands')
    .option('-i, --input <name=value>', 'input; may be given several times', toInputs)
    .option('--to <url>', 'server that the commands call (default: the one that runs here)')
    .option('--json', 'print JSON')
    .action(async (hook: string, file: string | undefined, options: SignOptions) => {
      const { sign } = await import('./sign.ts')
      verbs.finish(await sign(hook, file, options, verbs.terminal))
    })
}

const WAIT = 'show its output; exit 1 when it does not succeed'

export function addTrigger(verbs: Verbs): void {
  const sample = '  runhook trigger clear-cache -i scope=pages --wait'
  asking(verbs, 'trigger <hook>', 'start a hook by hand', sample)
    .option('-i, --input <name=value>', 'input; may be given several times', toInputs)
    .option('-w, --wait', WAIT)
    .option('--json', 'print JSON')
    .action(async (hook: string, options: TriggerOptions) => {
      const { trigger } = await import('./trigger.ts')
      verbs.finish(await trigger(hook, options, verbs.terminal))
    })
}

const STATUSES = 'queued running success failure timed_out cancelled interrupted'.split(' ')

const runsSample = `  runhook runs blog                       those of blog
  runhook runs --status failure --since 7d  what failed in the last week
  runhook runs --branch main --limit 5`

export function addRuns(verbs: Verbs): void {
  asking(verbs, 'runs [hook]', 'list runs, newest first', runsSample)
    .option('--hook <name>', 'only of this hook')
    .addOption(new Option('--status <status>', 'only those').choices(STATUSES))
    .option('--event <name>', 'only of this event, such as push')
    .option('--branch <name>', 'only of this branch or tag')
    .option('--who <name>', 'only what this user started')
    .option('--since <time>', 'only since then: 2026-11-23, 2026-11-23T14:00Z, 12h, 7d')
    .option('--worker <name>', 'only of this worker')
    .option('--limit <number>', 'at most this many', toLimit, 20)
    .option('--json', 'print JSON')
    .action(async (hook: string | undefined, options: RunsOptions) => {
      const { runs } = await import('./runs.ts')
      verbs.finish(await runs(hook, options, verbs.terminal))
    })
}

const logsSample = `  runhook logs           the newest run
  runhook logs blog -f   the newest run of blog, until it has ended
  runhook logs 142`

export function addLogs(verbs: Verbs): void {
  asking(verbs, 'logs [run|hook]', 'print the output of a run', logsSample)
    .option('-f, --follow', 'stay until the run has ended')
    .option('--raw', 'print escape sequences other than colours too')
    .option('--json', 'print JSON; with --follow one event a line')
    .action(async (which: string | undefined, options: LogsOptions) => {
      const { logs } = await import('./logs.ts')
      verbs.finish(await logs(which, options, verbs.terminal))
    })
}

export function addCancel(verbs: Verbs): void {
  asking(verbs, 'cancel', 'stop a run, or take it out of its queue')
    .argument('<run>', 'run, such as 142', toId)
    .option('--json', 'print JSON')
    .action(async (run: number, options: CancelOptions) => {
      const { cancel } = await import('./cancel.ts')
      verbs.finish(await cancel(run, options, verbs.terminal))
    })
}

export function addRerun(verbs: Verbs): void {
  asking(verbs, 'rerun', 'run once more for the same delivery')
    .argument('<run>', 'run, such as 142', toId)
    .option('-w, --wait', WAIT)
    .option('--json', 'print JSON')
    .action(async (run: number, options: StartOptions) => {
      const { rerun } = await import('./trigger.ts')
      verbs.finish(await rerun(run, options, verbs.terminal))
    })
}
