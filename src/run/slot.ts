/**
 * Starting commands without forking this process. Node forks its whole heap (1 ms at 60 MB, 11 ms at
 * 200 MB, the event loop standing still), a shell of 1 MB forks in a fifth of that. So each slot is a
 * long-lived /bin/sh in a session of its own that is told, over its standard input, what to start next.
 *
 * Every word that a job holds is quoted; nothing of a delivery is ever text that the shell reads. A slot
 * carries one job at a time and shares its process group with it: TERM to the group leaves the shell
 * alive to report how the command ended, KILL takes it along.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Cgroup } from './cgroup.ts'
import type { CommandSpec } from './command.ts'
import type { StartedLine } from './started.ts'
import { entryOf } from './terms.ts'

export interface Exit {
  readonly exitCode: number | null
  readonly signal: string | null
}

export interface Job {
  readonly spec: CommandSpec
  /** Where its output goes. */
  readonly fifo: string
  /** Written before the command starts; without it nothing is. */
  readonly started: StartedLine | null
  /** Memory and processes are limited by the control group. */
  readonly limited: boolean
}

export interface Slot {
  /** Of the shell, and of whatever it starts. */
  readonly group: number
  /** Starts the command. Never rejects. */
  start(job: Job): Promise<Exit>
  /** False once the shell is gone. */
  readonly alive: boolean
  /** Where the shell lives, and so all that it starts; null when it has none or could not join it. */
  readonly cgroup: Cgroup | null
  close(): void
  whenGone(then: () => void): void
}

/** Null when no process can be started now; the caller forks by itself and meets the same error there. */
export function openSlot(marker: string, cgroup: Cgroup | null): Slot | null {
  let shell: ChildProcess
  try {
    shell = spawn('/bin/sh', ['-s'], {
      cwd: '/',
      env: { RUNHOOK_RUN: marker }, // until a command's own, so that a sweep finds the shell too
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  } catch {
    return null
  }
  shell.on('error', () => undefined) // its end is reported by `exit`
  return shell.pid === undefined ? null : new ShellSlot(shell, shell.pid, cgroup)
}

class ShellSlot implements Slot {
  readonly group: number
  readonly #shell: ChildProcess
  #finish: ((exit: Exit) => void) | null = null
  #cgroup: Cgroup | null
  #died = false
  #alive = true

  constructor(shell: ChildProcess, pid: number, cgroup: Cgroup | null) {
    this.group = pid
    this.#shell = shell
    this.#cgroup = cgroup
    shell.stdin?.on('error', () => undefined) // a shell that is gone; `exit` follows
    // A trap, because an ignored signal would be ignored by every command too.
    shell.stdin?.write('exec 2>&1; trap : TERM HUP INT QUIT USR1 USR2 ALRM\n')
    // The shell itself, once, and before its first command: moving a process may take the kernel 10 ms.
    if (cgroup !== null) shell.stdin?.write(`${joining(cgroup)} || echo '!'\n`)
    if (shell.stdout)
      createInterface({ input: shell.stdout }).on('line', (line) => this.#read(line))
    shell.once('exit', (exitCode, signal) => {
      this.#alive = false
      this.#settle({ exitCode, signal })
    })
    unrefAll(shell)
  }

  get alive(): boolean {
    return this.#alive
  }

  get cgroup(): Cgroup | null {
    return this.#cgroup
  }

  start(job: Job): Promise<Exit> {
    return new Promise((resolve) => {
      this.#finish = (exit) => {
        unrefAll(this.#shell)
        resolve(exit)
      }
      refAll(this.#shell)
      this.#died = false
      if (this.#alive) this.#shell.stdin?.write(jobText(job))
      else this.#settle({ exitCode: null, signal: 'SIGKILL' })
    })
  }

  close(): void {
    this.#shell.stdin?.end()
  }

  whenGone(then: () => void): void {
    this.#shell.once('exit', then)
  }

  /** A shell says in words that a command died of a signal, then comes the status: `=143`. */
  #read(line: string): void {
    if (line === '!') this.#cgroup = null
    else if (line.startsWith('=')) this.#settle(exitOf(Number(line.slice(1)), this.#died))
    else this.#died = true
  }

  #settle(exit: Exit): void {
    this.#finish?.(exit)
    this.#finish = null
  }
}

/** A shell that waits must not keep the server's process from ending, one that carries a job must. */
function unrefAll(shell: ChildProcess): void {
  shell.unref()
  for (const stream of socketsOf(shell)) stream.unref()
}

function refAll(shell: ChildProcess): void {
  shell.ref()
  for (const stream of socketsOf(shell)) stream.ref()
}

/** node:child_process types them as streams; with `pipe` they are sockets. */
function socketsOf({ stdin, stdout }: ChildProcess): Socket[] {
  return [stdin, stdout].filter((stream) => stream instanceof Socket)
}

/**
 * A sub-shell that becomes the command, then one line with its status. The variables are set there and
 * not by env(1), whose arguments every user of the machine could read. PWD and OLDPWD are what `cd` leaves.
 * Throws where the terms of the command cannot be met; `entryOf` says so before.
 */
export function jobText({ spec, fifo, started, limited }: Job): string {
  const entry = entryOf(spec, limited)
  if ('problem' in entry) throw new Error(entry.problem)
  const variables = Object.entries(spec.env).map(([name, value]) => `${name}=${quoted(value)}`)
  const lines = [
    '(',
    ...(started ? [`echo ${started.runId} >>${quoted(started.path)} || exit 125`] : []),
    `cd ${quoted(entry.directory)} && unset PWD OLDPWD || exit 126`,
    ...entry.lines,
    ...(variables.length > 0 ? [`export ${variables.join(' ')}`] : []),
    `exec ${entry.argv.map(quoted).join(' ')}) </dev/null >${quoted(fifo)} 2>&1`,
    'echo "=$?"',
  ]
  return `${lines.join('\n')}\n`
}

/** A command of a shell that moves it into the control group, before it starts anything. */
export function joining({ path }: Cgroup): string {
  return `echo 0 2>/dev/null >${quoted(`${path}/cgroup.procs`)}`
}

/**
 * One word, whatever it holds: within single quotes a POSIX shell takes every character as it is, but the
 * single quote itself (POSIX.1-2017, Shell Command Language 2.2.2). A NUL cannot get here: command.ts
 * refuses it.
 */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** 128 + n is the death by signal n only if the shell has said so; else it is an exit code like any other. */
function exitOf(status: number, died: boolean): Exit {
  const [signal] = Object.entries(constants.signals).find(([, n]) => n === status - 128) ?? []
  return died && signal ? { exitCode: null, signal } : { exitCode: status, signal: null }
}
