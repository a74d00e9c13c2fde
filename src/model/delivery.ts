/**
 * The nouns of runhook, and what arrives. Everything else speaks in these words; model/ imports nothing else.
 *
 * Terminology
 *   host      a kind of sender: it owns which headers count, which bytes are signed, how a payload reads
 *   hook      one entry of the user's hooks file: on this, run that
 *   delivery  one request as it arrived, exact bytes included; never changed once stored
 *   update    one thing a delivery says happened: a ref moved, a release was published. Some hosts send several
 *   verdict   for one delivery and one hook, each check in order with what was wanted and what was found
 *   run       one attempt to run one hook for one delivery
 *   step      one command of a run, with its own exit code, time and section of the output
 *   group     the concurrency key: runs of one group go one at a time
 *
 * Times are milliseconds since the epoch unless a name says otherwise. `null` means "known to be absent".
 */

/** The one list of Git hosts: each is a file in hosts/ and a row in its table. */
export const gitHostNames = [
  ...['github', 'gitlab', 'bitbucket', 'bitbucket-dc', 'gitea', 'forgejo', 'gogs', 'azure'],
  ...['gitee', 'sourcehut'],
] as const
export type GitHostName = (typeof gitHostNames)[number]

/** `webhook` is whoever is no Git host: a script, a person, another service. */
export type HostName = GitHostName | 'webhook'

export function isHostName(text: string): text is HostName {
  return text === 'webhook' || gitHostNames.some((name) => name === text)
}

/** What a delivery says about one ref or one thing. Fields the host does not give are null. */
export interface Update {
  /** Canonical event: `push`, `tag`, `pull_request`, `release`, `ping`, … or the host's own name. */
  readonly event: string
  /** Full ref, such as `refs/heads/main`. */
  readonly ref: string | null
  readonly branch: string | null
  readonly tag: string | null
  /** The new commit (40 or 64 hex digits; Bitbucket pull requests give 12). Null when the ref was deleted. */
  readonly sha: string | null
  readonly before: string | null
  readonly created: boolean | null
  readonly deleted: boolean | null
  readonly forced: boolean | null
  readonly commits: number | null
  /** Changed files, sorted. Null where the host gives no list, or one that is cut short. */
  readonly files: readonly string[] | null
  readonly message: string | null
  /** Pull requests: number, target branch, merged or not, and whether the head is another repository. */
  readonly number: number | null
  readonly baseBranch: string | null
  readonly merged: boolean | null
  readonly fork: boolean | null
}

/** What a host's file reads out of a verified request. */
export interface Content {
  /** The host's own event name: `push`, `repo:push`. */
  readonly event: string
  readonly action: string | null
  /** Full name, such as `acme/site`. */
  readonly repository: string | null
  readonly defaultBranch: string | null
  readonly sender: string | null
  readonly updates: readonly Update[]
}

export interface Delivery extends Content {
  readonly receivedAt: number
  /** Where it came in: `/hooks/blog`, `/github`, `/df`, or `cli` for a run started by hand. */
  readonly endpoint: string
  readonly host: HostName
  /** The host's own id of the delivery; kept by GitHub when it redelivers. */
  readonly guid: string | null
  /** Which proof was accepted: `secret 1 of 2`, `token`, `none`, `local`. Never the secret. */
  readonly proof: string
  readonly address: string
  /** Allow-listed headers, names in lower case. Signatures, tokens and cookies are never among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Why a verified delivery could not be read ("the body is not JSON"), else null. */
  readonly problem: string | null
  /** Left out where nobody waits for an answer: what a person started, or sent through once more. */
  readonly asked?: Asked | undefined
}

/** What a sender wants to be answered with; known before his delivery is kept. */
export interface Asked {
  /** What was decided is told as JSON, else in short lines. */
  readonly json: boolean
  /** He waits for what his run writes, and gets it in this form; null = he is told what was decided. */
  readonly output: OutputForm | null
}

export const outputForms = ['text', 'json', 'html', 'stream'] as const
export type OutputForm = (typeof outputForms)[number]

/**
 * What he was answered with. The words themselves are not kept: what was decided is told by a function of
 * the stored delivery (hooks/told.ts), and outputs are kept with their runs.
 */
export interface Answered extends Asked {
  /** The runs that he was told of: those that were left when all were queued. */
  readonly runs: readonly number[]
  /** Of an answer with an output; null until it is sent, and for all others, where it follows. */
  readonly status: number | null
  /** What was sent in place of the output; empty = nothing; null = the output. */
  readonly says: string | null
}

export interface StoredDelivery extends Delivery {
  readonly id: number
  /**
   * Null where nobody waited for an answer, for what a release wrote that did not keep it, and, like the
   * body, in lists.
   */
  readonly answer: Answered | null
  /** The delivery that came first with the same guid, when this one repeats it. */
  readonly duplicateOf: number | null
  /** When its body had been kept for its time and was removed; null while it is there. */
  readonly bodyRemovedAt: number | null
  readonly verdicts: readonly Verdict[]
}

/** `unknown` passes: the host gives nothing to judge by, and the text says so. */
export type CheckResult = 'pass' | 'fail' | 'unknown'

export interface Check {
  /** `signature`, `repo`, `event`, `branches`, `tags`, `paths`, `types`, `deleted`, `fork`, `ref`, `match`, `inputs`, `allow-from`, `duplicate`, `replay`. */
  readonly rule: string
  readonly result: CheckResult
  readonly wanted: string
  readonly found: string
  /** The whole finding as one short clause: "feature/x is not in [main]". */
  readonly says: string
}

/** Why a hook did, or did not, answer an update of a delivery. The last check is the one that decided. */
export interface Verdict {
  readonly hook: string
  /** Index into the delivery's updates. */
  readonly update: number
  readonly matched: boolean
  readonly checks: readonly Check[]
  /** The run it started; null when it did not match, or was held back as a duplicate. */
  readonly run: number | null
}
