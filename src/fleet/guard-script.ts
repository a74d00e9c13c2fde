/**
 * The text of the guard: a POSIX shell that outlives its worker. See guard.ts for what it is for. It forks once
 * a second, for its sleep, and more only when there is something to end.
 *
 * Numbers come from /proc and from files that the worker alone may write; a name within /proc/<pid>/stat may
 * hold anything, so all up to its last bracket is dropped, and the pid is taken from the path.
 */

import { quoted } from '../run/slot.ts'

export interface GuardedWorker {
  /** See Guard: the deadline, and whose it is. */
  readonly deadlineFile: string
  /** Numbers of the runs under way. */
  readonly runsFile: string
  /** One life of the worker. */
  readonly life: string
  readonly pid: number
  /** With the pid, the identity of a process. */
  readonly startTicks: number
  /** In the marker of all that it starts: see run/leftovers.ts. */
  readonly token: string
  /** Where it makes control groups; null = it has none. */
  readonly cgroupBase: string | null
}

export function guardScript(worker: GuardedWorker): string {
  const { deadlineFile, runsFile, life, pid, startTicks, token, cgroupBase } = worker
  const given = [
    `deadline_file=${quoted(deadlineFile)}`,
    `runs_file=${quoted(runsFile)}`,
    `life=${quoted(life)}`,
    `worker=${pid}`,
    `started=${startTicks}`,
    `token=${quoted(token)}`,
    `base=${quoted(cgroupBase ?? '')}`,
  ]
  return `${given.join('\n')}\n${PROGRAM}`
}

const PROGRAM = `
# The state, the session and the start of a process.
look() {
  line=''
  read -r line <"/proc/$1/stat" || return 1
  set -f
  set -- \${line##*) }
  set +f
  state=$1 session=$4 ticks=\${20}
}

working() {
  look "$worker" && [ "$ticks" = "$started" ] && [ "$state" != Z ] && [ "$state" != X ]
}

# A record that is just being written is read again at the next look.
passed() {
  if read -r one whose two <"$deadline_file" && [ "$one" = "$two" ]; then
    [ "$whose" = "$life" ] || exit 0
    deadline=$one
  fi
  read -r up rest </proc/uptime
  [ "\${up%%.*}" -ge "$deadline" ]
}

# What a run that has ended was allowed to leave behind is not to be ended. 0 is the slots' shells.
spared() {
  case " 0 $runs " in *" $1 "*) return 1 ;; esac
}

end_groups() {
  for group in "$base/runhook-$token-"*; do
    grep -q '^populated 1' "$group/cgroup.events" || continue
    case $group in *-kept-*) spared "\${group##*-kept-}" && continue ;; esac
    echo 1 >"$group/cgroup.kill" && found=1
  done
}

end_process() {
  case $1 in 1 | $$ | "$worker") return ;; esac
  kill -KILL "$1" && found=1
}

# By their marker, and what shares a session with those.
end_marked() {
  sessions=' '
  for file in $(grep -lsF "RUNHOOK_RUN=$token:" /proc/[0-9]*/environ); do
    pid=\${file#/proc/} pid=\${pid%/environ}
    run=$(tr '\\0' '\\n' <"$file" | sed -n "s/^RUNHOOK_RUN=$token://p" | head -n 1)
    if [ -z "$run" ] || spared "$run"; then continue; fi
    look "$pid" && sessions="$sessions$session "
    end_process "$pid"
  done
  [ "$sessions" = ' ' ] && return
  look $$ && own=$session
  look "$worker" && theirs=$session
  for file in /proc/[0-9]*/stat; do
    pid=\${file#/proc/} pid=\${pid%/stat}
    look "$pid" || continue
    case $session in '' | 0 | "$own" | "$theirs") continue ;; esac
    [ "$state" = Z ] && continue
    case $sessions in *" $session "*) end_process "$pid" ;; esac
  done
}

# Control groups without a process in them are the only ones that go.
leave() {
  if [ -n "$base" ]; then
    echo 0 >"$base/cgroup.procs"
    rmdir "$base/guard-$token" "$base/runhook-$token-"*
  fi
  exit 0
}

guard() {
  trap '' TERM HUP INT QUIT USR1 USR2
  # Out of the worker's own group, which may hold nobody else when it wants to limit its runs.
  [ -n "$base" ] && mkdir -p "$base/guard-$token" && echo 0 >"$base/guard-$token/cgroup.procs"
  deadline=0 empty=0 own='' theirs=''
  while :; do
    over='' gone='' runs='' found=''
    passed && over=1
    working || over=1 gone=1
    if [ -z "$over" ]; then
      empty=0
      sleep 1
      continue
    fi
    read -r runs <"$runs_file"
    # All of it is gone. A worker that was only frozen, or cut off, may come to life and begin again.
    if [ $empty -ge 2 ]; then
      [ -n "$gone" ] && leave
      sleep 1
      [ -z "$runs" ] && continue
    fi
    [ -n "$base" ] && end_groups
    end_marked
    if [ -z "$found" ]; then
      empty=$((empty + 1))
    else
      empty=0
      sleep 0.05 || sleep 1
    fi
  done
}

guard </dev/null
`
