/**
 * "It works by hand, but not from the hook": what the end of a failed step's output says of the cause.
 * Pure. The output may hold what a stranger wrote, so it only chooses among sentences of ours: a hint
 * never repeats any of it. The texts looked for are those of git, OpenSSH, sudo, systemd, Docker, npm
 * and of shells, in English, which they speak while LANG is ours.
 */

import type { Terms } from '../model/hook.ts'

/** As whom and where the step ran. */
export interface Surroundings {
  readonly user: string
  /** Of the account: OpenSSH takes its keys from there, whatever $HOME says. */
  readonly home: string
  readonly workingDirectory: string
  readonly env: Readonly<Record<string, string>>
  /** Left out: no limits. */
  readonly terms?: Terms
}

interface Hint {
  readonly found: RegExp
  /** The cause and its remedy, as the end of a sentence. */
  says(where: Surroundings): string
}

/** The first that is found counts: causes stand before what only follows from them. */
const hints = {
  'dubious-ownership': {
    found: /detected dubious ownership in repository/,
    says: ({ user }) =>
      `git refuses a work tree that belongs to somebody else than ${user}, as whom this ran: give it to that user with "chown -R", or allow it with "git config --global --add safe.directory" as ${user}`,
  },
  'host-key-changed': {
    found: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    says: ({ home }) =>
      `the SSH server shows another host key than the one in ${home}/.ssh/known_hosts: find out why, then replace it there`,
  },
  'host-key': {
    found: /^(No \S+ host key is known for |Host key verification failed)/m,
    says: ({ user, home }) =>
      `the SSH server's host key is not in ${home}/.ssh/known_hosts: connect once by hand as ${user} and compare the fingerprint`,
  },
  'ssh-key': {
    found: /Permission denied \([a-z0-9,-]*publickey[a-z0-9,-]*\)/,
    says: ({ user, home }) =>
      `the SSH server took no key that ${user} has: put a deploy key without a passphrase into ${home}/.ssh, and its public half at the Git host; the agent of your own shell is not there in a hook`,
  },
  'host-name': {
    found: /Could not resolve host|Temporary failure in name resolution|Name or service not known/,
    says: () => 'a host name could not be looked up: is it right, and does DNS work here?',
  },
  connection: {
    found:
      /^(ssh|fatal): .*(Connection (refused|timed out)|Could(n't| not) connect|Failed to connect|No route to host|Network is unreachable)/m,
    says: () =>
      'the Git host cannot be reached: is its address with the port right, and does a firewall let this machine out?',
  },
  'git-password': {
    found: /could not read (Username|Password) for |terminal prompts disabled/,
    says: ({ user }) =>
      `git asks for a user name or password, and nobody can type one here: use a deploy key and the SSH address of the repository, or a credential helper of ${user}`,
  },
  'git-login': {
    found: /^fatal: Authentication failed for /m,
    says: ({ user }) =>
      `the Git host refused the user name and password that ${user} has stored: they may have expired`,
  },
  'no-repository': {
    found:
      /^((ERROR|remote): )?Repository not found|does not appear to be a git repository|^fatal: repository '.*' (not found|does not exist)/im,
    says: () =>
      'there is no such repository, or this key or login may not see it: compare "git remote -v" with the address at the Git host',
  },
  'no-work-tree': {
    found: /^fatal: not a git repository/m,
    says: ({ workingDirectory }) =>
      `there is no git work tree where it ran, which begins in ${workingDirectory}: correct "working-directory", or clone into it once`,
  },
  'local-changes': {
    found: /would be overwritten by (merge|checkout|rebase)|You have unstaged changes/,
    says: () =>
      'files of the work tree were changed on this machine: see "git status" there, then keep them elsewhere or take them back with "git stash"',
  },
  diverged: {
    found: /Not possible to fast-forward|Need to specify how to reconcile divergent branches/,
    says: () =>
      'the work tree and the remote went different ways, by a commit made here or a forced push: if the remote is right, run "git reset --hard @{upstream}" there',
  },
  'no-upstream': {
    found: /^There is no tracking information for the current branch|has no upstream branch/m,
    says: () =>
      'the branch that is checked out follows none of the remote: run "git branch --set-upstream-to=origin/BRANCH" there',
  },
  detached: {
    found: /^You are not currently on a branch/m,
    says: () => 'no branch is checked out in the work tree: run "git switch BRANCH" there',
  },
  'git-lock': {
    found: /\.lock': File exists/,
    says: () =>
      'another git works in that work tree, or one was killed in it: if none does, remove the .lock file that it names',
  },
  'no-space': {
    found: /No space left on device|\bENOSPC\b/,
    says: () => 'a disk is full: see "df -h" and "df -i"',
  },
  memory: {
    found:
      /\bMemoryError\b|Cannot allocate memory|std::bad_alloc|(?<!heap )\bout of memory\b|\bENOMEM\b/i,
    says: ({ terms }) =>
      terms?.limits.memory
        ? `it reached its limit of memory, ${sizeText(terms.limits.memory)}: raise "memory" in "limits"`
        : 'a program got no more memory: see "free -m", and MemoryMax= of the service',
  },
  processes: {
    found:
      /\b(cannot|unable to) fork\b|\bfork\b.*: Resource temporarily unavailable|(create|start).*\bthread\b.*Resource temporarily unavailable|can't start new thread|\bspawn\b.*\bEAGAIN\b/i,
    says: ({ terms }) =>
      terms?.limits.pids
        ? `it reached its limit of ${terms.limits.pids} processes: raise "pids" in "limits" (without control groups all processes of its user count)`
        : 'the system allows no more processes: see TasksMax= of the service, and "ulimit -u"',
  },
  'docker-permission': {
    found: /permission denied while trying to connect to the docker/i,
    says: ({ user }) =>
      `${user} may not use the Docker socket: "usermod -aG docker ${user}" allows it, from the next start of runhook on, and makes ${user} as good as root`,
  },
  'docker-daemon': {
    found: /Cannot connect to the Docker daemon/,
    says: () =>
      'no Docker daemon answers: start it, or set DOCKER_HOST in "env" as your own shell has it',
  },
  'user-bus': {
    found: /Failed to connect to (user scope )?bus: .*(No medium found|not defined)/,
    says: ({ user }) =>
      `"systemctl --user" finds its bus by XDG_RUNTIME_DIR, which no login has set here: set it in "env" to /run/user/ and the number of ${user}, and run "loginctl enable-linger ${user}" once`,
  },
  polkit: {
    found: /Interactive authentication (is )?required/,
    says: ({ user }) =>
      `${user} may not do that to a system service, and nobody can type a password here: allow the one command in /etc/sudoers.d with NOPASSWD, and write "sudo -n" before it`,
  },
  'sudo-privileges': {
    found: /^sudo: .*("no new privileges" flag is set|effective uid is not 0)/m,
    says: () =>
      'sudo cannot work in a service with NoNewPrivileges=yes: take that out of the unit of runhook',
  },
  sudo: {
    found:
      /^sudo: (a terminal is required|a password is required|no tty present|sorry, you must have a tty)| is not in the sudoers file/m,
    says: ({ user }) =>
      `sudo wants a password of ${user}, and nobody can type one here: allow the one command in /etc/sudoers.d with NOPASSWD`,
  },
  'carriage-return': {
    found: /\^M: bad interpreter|^(\/usr\/bin\/)?env: .*\\r.*: No such file/m,
    says: () =>
      "the first line of a script ends with a carriage return, which becomes part of its interpreter's name: save it with Unix line endings",
  },
  interpreter: {
    found:
      /: bad interpreter: |cannot execute: required file not found|^(\/usr\/bin\/)?env: .*: No such file or directory$/m,
    says: (where) =>
      `the interpreter that a script's first line asks for is not there; PATH is ${where.env.PATH}`,
  },
  home: {
    found: /\$HOME (is )?not set|\bHOME: (unbound variable|parameter not set)/,
    says: ({ home }) => `HOME was taken out of the environment: runhook gives HOME=${home}`,
  },
  terminal: {
    found: /No value for \$TERM|TERM environment variable not set/,
    says: () =>
      'there is no terminal in a hook: leave out what draws on one, or set "TERM": "dumb" in "env"',
  },
  'no-terminal': {
    found:
      /(cannot|can't|could not|unable to|failed to) (open|create) ['"]?\/dev\/tty\b|\/dev\/tty: No such device or address|the input device is not a TTY/i,
    says: () =>
      'there is no terminal in a hook, and nobody to answer: give the answer by an option (such as --yes), a file or "env", and leave out what asks for a terminal (docker\'s -t)',
  },
  'bash-only': {
    found: /^\S*sh: (\d+|line \d+): (source|\[\[|pushd|popd|shopt|declare): not found$/m,
    says: () =>
      'that is a command of bash, and lines run in /bin/sh: write "shell": "/bin/bash" (or "." for "source")',
  },
  'not-found': {
    found: /: command not found$|^\S*: (line )?\d+: .*: not found$/m,
    says: ({ env }) => `a program was not found; PATH is ${env.PATH}. ${OWN_PATH}`,
  },
  permission: {
    found: /EACCES: permission denied|: Permission denied$|: Operation not permitted$/m,
    says: ({ user }) =>
      `${user}, as whom this ran, may not use a file or folder that it needs: work done by hand as another user, such as root, leaves such files; give them back with "chown"`,
  },
} satisfies Record<string, Hint>

export type Clue = keyof typeof hints

const OWN_PATH =
  'Your own shell may have more in it: write the whole path of the program, or set PATH in "env"'

/** As the hooks file has it: by 1024 where it is a whole number of those. */
function sizeText(bytes: number): string {
  const units = [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const
  const [name, unit] = units.find(([, unit]) => bytes % unit === 0) ?? ['bytes', 1]
  return `${bytes / unit} ${name}`
}

/** What the output points at; null when nothing in it is known. */
export function clueIn(output: string): Clue | null {
  const names = Object.keys(hints) as Clue[] // of a record whose keys are exactly these
  return names.find((name) => hints[name].found.test(output)) ?? null
}

export function hintOf(clue: Clue, where: Surroundings): string {
  return hints[clue].says(where)
}

/**
 * The words for an exit code of a shell's own, with what the output adds to it: see "2.8.2 Exit Status for
 * Commands" of POSIX. Empty when neither tells anything.
 */
export function hintFor(
  output: string,
  exitCode: number | null,
  where: Surroundings,
  inShell: boolean,
): string {
  const clue = clueIn(output)
  if (inShell && exitCode === 127 && (clue === null || clue === 'not-found'))
    return `a command in it was not found; PATH is ${where.env.PATH}. ${OWN_PATH}`
  if (inShell && exitCode === 126 && (clue === null || clue === 'permission'))
    return 'a command in it could not be run; is it executable ("chmod +x"), and are its folders open to this user?'
  return clue === null ? '' : hintOf(clue, where)
}
