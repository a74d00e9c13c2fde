/**
 * Twelve ways in which a command leaves something behind, for the matrix of kill.test.ts. Each is a line that
 * writes the pids of what it leaves into $PIDS, one a line, and goes on.
 */

const sleeper = 'sh -c \'echo $$ >> "$PIDS"; exec sleep 300\''
/** The file is named in the line itself, for what has no environment. */
const bare = (pids: string) => `sh -c 'echo $$ >> ${pids}; exec sleep 300'`

export interface Escape {
  readonly name: string
  /** `pids` is the path of the file. */
  readonly line: (pids: string) => string
  /** How many pids it writes. */
  readonly count: number
  /** It gets away where no control group holds it. */
  readonly escapes?: true
  readonly needsRoot?: true
}

export const escapes: readonly Escape[] = [
  { name: 'in the background', line: () => `${sleeper} &`, count: 1 },
  { name: 'double fork', line: () => `(${sleeper} & ) &`, count: 1 },
  { name: 'nohup', line: () => `nohup ${sleeper} >/dev/null 2>&1 &`, count: 1 },
  {
    name: 'job control',
    line: () => `bash -m -c '${sleeper.replaceAll("'", `'\\''`)} & sleep 300' &`,
    count: 1,
  },
  { name: 'timeout(1)', line: () => `timeout 300 ${sleeper} &`, count: 1 },
  { name: 'setsid', line: () => `setsid ${sleeper} >/dev/null 2>&1 &`, count: 1 },
  {
    name: 'daemon',
    line: () =>
      `(cd /; umask 0; setsid sh -c '(echo 1; ${sleeper.replaceAll("'", `'\\''`)}) </dev/null >/dev/null 2>&1 &') &`,
    count: 1,
  },
  {
    name: 'setsid with an empty environment',
    line: (pids) => `(setsid env -i /bin/${bare(pids)} >/dev/null 2>&1 </dev/null &)`,
    count: 1,
    escapes: true,
  },
  {
    name: 'ignoring TERM',
    line: () => `sh -c 'trap "" TERM; echo $$ >> "$PIDS"; while :; do sleep 0.2; done' &`,
    count: 1,
  },
  {
    name: 'holding the output',
    line: () => `${sleeper} & setsid ${sleeper} &`,
    count: 2,
  },
  {
    name: 'another user',
    line: () =>
      `chmod 666 "$PIDS"; setsid setpriv --reuid=nobody --regid=nogroup --clear-groups ${sleeper} >/dev/null 2>&1 &`,
    count: 1,
    needsRoot: true,
  },
  {
    name: 'forking on and on',
    // Each hands over to the next, so that no list of processes is ever complete.
    line: () =>
      `sh -c 'trap "" TERM; echo $$ >> "$PIDS"; n=0; while [ $n -lt 3000 ]; do n=$((n+1)); (trap "" TERM; sleep 0.3) & sleep 0.01; done' &`,
    count: 1,
  },
]
