/** Command lines that are not understood: what was probably meant, and where to read on. */

import type { Command, CommanderError } from 'commander'

/** `help`, alone, before a command or behind one that has others beneath it, is `--help` of that command. */
export function withHelp(words: readonly string[], program: Command): readonly string[] {
  const path: string[] = []
  let at = program
  let asked = false
  for (const word of words) {
    if (at.commands.length === 0) break
    if (word === 'help' && !asked) {
      asked = true
      continue
    }
    const next = beneath(at, word)
    // One that is not there is left to commander, which knows what it looks like; beside --help it would not say so.
    if (!next && !word.startsWith('-') && (asked || asksHelp(words))) return [...path, word]
    if (!next) break
    path.push(word)
    at = next
  }
  return asked ? [...path, '--help'] : words
}

/** What commander found wrong, as a person is told; empty where it was help that was printed. */
export function mistake(
  { code, message }: CommanderError,
  words: readonly string[],
  program: Command,
): string {
  if (code === 'commander.help') return ''
  const path = commandsIn(words, program)
  const [, flag = ''] = /^error: unknown option '--([^'=]+)/.exec(message) ?? []
  const command = path.at(-1) ?? program
  const meant = meantBy(flag, command) ?? placedWrong(message, command)
  const [first] = message.split('\n', 1)
  const says = meant === null ? message : `${first}\n(Did you mean ${meant}?)`
  return `${says}\nSee: ${path.map((one) => one.name()).join(' ')} --help\n`
}

function asksHelp(words: readonly string[]): boolean {
  return words.includes('--help') || words.includes('-h')
}

/** The command that the words begin with, from the program down. */
function commandsIn(words: readonly string[], program: Command): Command[] {
  const found = [program]
  for (const word of words) {
    const next = found.at(-1)?.commands.find((one) => one.name() === word)
    if (!next) break
    found.push(next)
  }
  return found
}

function beneath(command: Command, word: string): Command | undefined {
  return command.commands.find((one) => one.name() === word)
}

/** `trigger clear scope=pages` and `deliveries blog`: what was said is right, where it stands is not. */
function placedWrong(message: string, command: Command): string | null {
  const has = (option: string) => command.options.some(({ long }) => long === option)
  const [, extra = ''] = /^error: too many arguments .*? but got \d+: (.*)\.$/.exec(message) ?? []
  const input = extra.split(', ').find((word) => /^[\w-]+=/.test(word))
  if (input !== undefined && has('--input')) return `-i ${input}`
  const [, hook] =
    /^error: command-argument value '([a-z][a-z0-9-]*)' is invalid/.exec(message) ?? []
  return hook !== undefined && has('--hook') ? `--hook ${hook}` : null
}

/** Options of other tools, which no spelling distance would find: by verb, then what is meant. */
const meanings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  runs: {
    '--status failure': 'failed failure failures failing errors broken',
    '--status success': 'success succeeded successful ok passed',
    '--status running': 'running active',
    '--status queued': 'queued waiting pending',
    '--status cancelled': 'cancelled canceled',
    '--status': 'state outcome result conclusion',
    '--who': 'user by actor author sender',
    '--branch': 'tag ref',
    '--since': 'after from newer',
    '--limit': 'count max last lines head tail number',
  },
  deliveries: {
    '--outcome problem': 'failed failure failures errors broken problem problems',
    '--outcome nothing': 'ignored skipped nothing unmatched',
    '--outcome ran': 'ran success matched accepted',
    '--refused': 'rejected denied unauthorized unauthorised forbidden turned-away 401',
    '--outcome': 'status state result',
    '--repository': 'repo project',
    '--branch': 'tag ref',
    '--since': 'after from newer',
    '--limit': 'count max last head tail number',
  },
  serve: { '--host': 'address bind listen ip', '--port': 'p' },
  logs: { '--follow': 'tail watch live stream', '--raw': 'no-filter ansi colour color' },
  trigger: { '--wait': 'follow watch sync', '--input': 'param set arg data-raw field' },
  rerun: { '--wait': 'follow watch sync' },
  redeliver: { '--dry-run': 'dry check test explain no-run simulate' },
  check: { '--explain': 'delivery payload test dry-run', '--deep': 'doctor full' },
  send: { '--repo': 'repository', '--sha': 'commit', '--sender': 'user author who by' },
}

const everywhere: Readonly<Record<string, string>> = {
  '--config': 'file hooks conf settings',
  '--data': 'dir directory folder data-dir data-folder',
  '--server': 'url remote host address endpoint',
  '--server URL, with RUNHOOK_TOKEN in the environment': 'token auth bearer api-key',
  '--json': 'format output machine o',
}

function meantBy(flag: string, command: Command): string | null {
  const own = new Set(command.options.map(({ long }) => long))
  const all = Object.entries({ ...meanings[command.name()], ...everywhere })
  const meant = all.filter(([option]) => own.has(option.split(' ')[0]))
  return meant.find(([, words]) => words.split(' ').includes(flag))?.[0] ?? null
}
