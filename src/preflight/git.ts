/** git, asked as a hook's lines would ask it, but so that it can only answer: no prompt, no lock, no end of waiting. */

import type { Hook } from '../model/hook.ts'
import type { Answer, Probe } from './probe.ts'

/** Asks git in one folder, in the hook's environment. */
export type AskGit = (...words: string[]) => Promise<Answer>

export function gitIn(folder: string, hook: Hook, probe: Probe): AskGit {
  return (...words) => askGit(hook, folder, probe, words)
}

/** No command that the work tree's own `.git/config` names, as far as git lets it be kept from them. */
const harmless = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'protocol.ext.allow=never']

/** Never waits for an answer of a person, takes no lock, starts no monitor. */
function askGit(
  hook: Hook,
  folder: string,
  probe: Probe,
  words: readonly string[],
): Promise<Answer> {
  const settings = [...harmless, 'credential.interactive=false']
  const quiet = settings.flatMap((setting) => ['-c', setting])
  return probe.ask(hook, ['git', '--no-optional-locks', ...quiet, ...words], {
    folder,
    env: { GIT_TERMINAL_PROMPT: '0', ...sshFor(probe.environmentOf(hook)) },
    timeoutMs: words[0] === 'ls-remote' ? 20_000 : 10_000,
  })
}

/** Asks nothing, waits little, keeps nothing. A hook's own program in the place of ssh is left as it is. */
function sshFor(env: Readonly<Record<string, string>>): Record<string, string> {
  if (env.GIT_SSH !== undefined && env.GIT_SSH_COMMAND === undefined) return {}
  const ssh = env.GIT_SSH_COMMAND ?? 'ssh'
  if (!/^(\S*\/)?ssh(\s|$)/.test(ssh)) return {}
  const options = ['BatchMode=yes', 'ConnectTimeout=10', 'UpdateHostKeys=no']
  return { GIT_SSH_COMMAND: [ssh, ...options.map((option) => `-o ${option}`)].join(' ') }
}

export function lastLine(text: string): string {
  return text.split('\n').at(-1) ?? ''
}
