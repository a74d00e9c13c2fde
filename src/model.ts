/**
 * The nouns of runhook. Everything else speaks in these words; this file imports only types of model/.
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

import type { Access, Input, Reply } from './model/url.ts'

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
}

export interface StoredDelivery extends Delivery {
  readonly id: number
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

// ---- hooks -----------------------------------------------------------------------------------------

/** GitHub's filter patterns, in order; a leading `!` takes back. Null = no filter of this kind. */
export type Patterns = readonly string[] | null

export interface Trigger {
  readonly event: string
  readonly branches: Patterns
  readonly branchesIgnore: Patterns
  readonly tags: Patterns
  readonly tagsIgnore: Patterns
  readonly paths: Patterns
  readonly pathsIgnore: Patterns
  /** Actions (`published`, `opened`); null = any. */
  readonly types: readonly string[] | null
}

/** What may be wanted of a value, all at once. Of several values (`[*]`) one is enough. */
export interface Wish {
  readonly is?: string | number | boolean | null
  /** Each `*` stands for any characters. */
  readonly like?: string
  readonly compare?: readonly (readonly [sign: '>' | '>=' | '<' | '<=', than: number])[]
  readonly exists?: boolean
  /** None of the values is any of these; a place where nothing is passes. */
  readonly not?: readonly Wish[]
}

/** One key of `match`: a place in the payload, or a header, and what is wanted there. */
export interface Condition {
  /** As written: `payload.sender.login`, `header.x-env`. */
  readonly place: string
  /** Its keys, `payload` or `header` first; null = any item of a list. */
  readonly path: readonly (string | null)[]
  /** One of them is enough. */
  readonly wishes: readonly Wish[]
  /** The same in words, with `${NAME}` as written: "one of octocat, ada". */
  readonly wants: string
}

export type Step = StepOptions &
  (
    | { readonly kind: 'shell'; readonly line: string; readonly shell: string }
    /** argv without a shell. Items may be `{{ payload.a.b }}` values, each one whole item. */
    | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
    | { readonly kind: 'signal'; readonly signal: string; readonly pidfile: string }
  )

/** What a step may say beside what it does; left out where it does not. */
export interface StepOptions {
  readonly name?: string
  /** Ends this step alone. */
  readonly timeoutMs?: number
  /** Its failure shows on the step, and the run goes on. */
  readonly continueOnError?: boolean
}

/** A secret as loaded: its value, and a name that may be shown ("BLOG_SECRET", "secret 2"). */
export interface Secret {
  readonly name: string
  readonly value: string
}

/** How a sender that follows no scheme we know signs: an HMAC in a header, as the hooks file describes it. */
export interface SignatureScheme {
  /** In lower case. */
  readonly header: string
  readonly algorithm: 'sha1' | 'sha256' | 'sha512'
  readonly encoding: 'hex' | 'base64'
  /** What stands before the digest: `sha256=`. */
  readonly prefix: string
  /** The header that holds the signed time, in lower case; null = none, and whoever sees a call can repeat it. */
  readonly timestamp: string | null
  /** What is signed: `{body}` once, and `{timestamp}` where there is one. */
  readonly template: string
  readonly toleranceMs: number
}

export interface Concurrency {
  /** Null = side by side, up to the server's limit. */
  readonly group: string | null
  readonly cancelInProgress: boolean
  /** Of the runs that wait for one ref, how many newest are kept. `single`: one. `max`: all, in order. */
  readonly queue: 'single' | 'max' | number
}

/** However often it is doubled, the wait between two attempts is no longer. */
export const LONGEST_DELAY_MS = 3_600_000

export interface Retry {
  /** Attempts after the first. */
  readonly times: number
  /** Before the first of them; doubled for each that follows, up to an hour. */
  readonly delayMs: number
  readonly on: readonly ('failure' | 'timed_out' | 'interrupted')[]
}

/** A user of this machine, as /etc/passwd has it. */
export interface HookUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

/** Of one run, all its processes together; null = no limit. */
export interface Limits {
  /** Bytes. */
  readonly memory: number | null
  readonly pids: number | null
  /** Of each process. */
  readonly openFiles: number | null
}

/** On which terms a command runs. Null = as the server itself. */
export interface Terms {
  readonly user: HookUser | null
  readonly umask: number | null
  readonly nice: number | null
  readonly limits: Limits
  /** What a step that ended by itself leaves running: end it, or let it live. */
  readonly leftovers: 'kill' | 'keep'
}

export interface RepositoryName {
  readonly host: HostName
  /** `acme/site`, or a glob such as `acme/*`. */
  readonly name: string
}

export interface Hook {
  readonly name: string
  /** Empty for plain URLs and manual hooks. */
  readonly repositories: readonly RepositoryName[]
  readonly host: HostName
  readonly triggers: readonly Trigger[]
  /** All must hold, beside what its trigger asks. */
  readonly match: readonly Condition[]
  readonly inputs: readonly Input[]
  /** The path it answers at: `/hooks/<name>`, or the plain URL. */
  readonly path: string
  readonly methods: readonly ('GET' | 'POST')[]
  readonly secrets: readonly Secret[]
  /** Plain URLs and manual hooks whose callers sign in a way of their own; null = the host's. */
  readonly signature: SignatureScheme | null
  /** True when `secrets` are the host's and not the hook's own. */
  readonly hostSecrets: boolean
  readonly tokens: readonly Secret[]
  /** True only where the file says `"auth": "none"`. */
  readonly open: boolean
  readonly access: Access
  readonly steps: readonly Step[]
  /** After `steps` failed and no retry follows, and after they succeeded. */
  readonly onFailure: readonly Step[]
  readonly onSuccess: readonly Step[]
  readonly retry: Retry | null
  readonly workingDirectory: string
  readonly env: Readonly<Record<string, string>>
  readonly terms: Terms
  readonly timeoutMs: number
  readonly concurrency: Concurrency
  /** Runs of this hook side by side; null = as many as groups and the server allow. */
  readonly maxParallel: number | null
  readonly respond: 'accepted' | 'output' | 'stream'
  readonly reply: Reply
  /** Run again when a body comes back under a new delivery id. */
  readonly allowReplay: boolean
  readonly allowForks: boolean
  readonly allowUnusualRefs: boolean
  readonly enabled: boolean
  /** Its newest ended runs that are kept, and their age; null = as the server says. */
  readonly keep: { readonly runs: number | null; readonly ageMs: number | null }
  /** First 12 hex digits of the SHA-256 of this hook's text in the file: which config a run used. */
  readonly config: string
}

/** How long what is stored is kept. */
export interface Keep {
  readonly bodiesMs: number
  readonly outputMs: number
  /** Of all outputs together. */
  readonly outputBytes: number
  readonly historyMs: number
  readonly refusalsMs: number
}

export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly data: string
  /** As people reach it, without a trailing slash; null = unknown. */
  readonly publicUrl: string | null
  readonly maxParallel: number
  /** Runs that may wait; a delivery that asks for more is turned away whole. */
  readonly maxWaiting: number
  readonly drainMs: number
  readonly keep: Keep
  /** Networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
}

/** A loaded hooks file. Replaced whole on reload, never changed. */
export interface Config {
  readonly file: string
  readonly server: ServerSettings
  readonly hosts: ReadonlyMap<HostName, readonly Secret[]>
  readonly hooks: ReadonlyMap<string, Hook>
  /** Text of each hook as written, by its `config` hash: secrets stand there as `${NAME}`. */
  readonly texts: ReadonlyMap<string, string>
  /** Values that no output, log or history may show: see hooks/hidden.ts. */
  readonly hidden: readonly string[]
}

// ---- runs ------------------------------------------------------------------------------------------

/** GitHub's check conclusions, plus `queued`, `running` and `interrupted` (the server went away under it). */
export const runStatuses = [
  'queued',
  'running',
  'success',
  'failure',
  'timed_out',
  'cancelled',
  'interrupted',
] as const
export type RunStatus = (typeof runStatuses)[number]
export type Conclusion = Exclude<RunStatus, 'queued' | 'running'>

export interface Run {
  readonly id: number
  readonly deliveryId: number
  readonly hook: string
  /** Index into the delivery's updates. */
  readonly update: number
  readonly group: string | null
  readonly attempt: number
  /** Null for a run that a delivery or a person asked for. */
  readonly retry: RetryOf | null
  readonly status: RunStatus
  readonly queuedAt: number
  /** It waits until then at least; null = it may start as soon as there is room. */
  readonly notBefore: number | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why it ended as it did, for a person: "superseded by run 143". */
  readonly reason: string | null
  readonly config: string
  /** What started it, for lists: event, branch or tag, sha, sender. */
  readonly event: string
  readonly refName: string | null
  readonly sha: string | null
  readonly sender: string | null
  readonly inputs: Readonly<Record<string, string>>
  /** Bytes the command wrote, and bytes that were cut out of the middle. */
  readonly outputBytes: number
  readonly outputCut: number
}

/** Of a run that follows a failed one by itself. */
export interface RetryOf {
  /** The failed run. */
  readonly run: number
  /** 1, 2, 3 … of so many. */
  readonly number: number
  readonly times: number
  /** How many of the attempts before it were interrupted. */
  readonly interruptions: number
}

export type Phase = 'run' | 'on-failure' | 'on-success'

export interface StepRecord {
  /** 1, 2, 3 … through all phases of the run. */
  readonly number: number
  readonly phase: Phase
  readonly name: string | null
  /** The line as written in the file. */
  readonly title: string
  /** Null while it runs. */
  readonly status: Conclusion | null
  /** Why it did not succeed: "failed with exit code 1". */
  readonly reason: string | null
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Where its section begins and ends in the stored output, bytes. */
  readonly outputFrom: number
  readonly outputTo: number | null
}

export interface RunEnd {
  readonly status: Conclusion
  readonly exitCode: number | null
  readonly signal: string | null
  readonly reason: string | null
  readonly outputBytes: number
  readonly outputCut: number
  readonly steps: readonly StepRecord[]
}
