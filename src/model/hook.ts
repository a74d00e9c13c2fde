/** A hook as it is loaded: every default filled in, every secret read. See delivery.ts for the words. */

import type { HostName } from './delivery.ts'
import type { Access, Input, Reply } from './url.ts'

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

/** Where runs of a hook are carried out. */
export interface Placement {
  /** A worker that has this label. */
  readonly label: string
  /** Each of them has a run of its own; else any one takes it. */
  readonly every: boolean
  /** Of `every`: a worker that was away runs the newest when it comes back, and so does one that is new. */
  readonly catchUp: boolean
  /** Of `every`: so many at a time; null = all at once. */
  readonly maxParallel: number | null
  /** Of `every`: after the first that fails no other starts. */
  readonly failFast: boolean
}

/** The label of workers that were given none, and of hooks that ask for none. */
export const DEFAULT_LABEL = 'default'

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
  readonly placement: Placement
  /** Runs of this hook side by side; null = as many as groups and the server allow. */
  readonly maxParallel: number | null
  readonly respond: 'accepted' | 'output' | 'stream'
  readonly reply: Reply
  /** Run again when a body comes back under a new delivery id. */
  readonly allowReplay: boolean
  readonly allowForks: boolean
  readonly allowUnusualRefs: boolean
  readonly enabled: boolean
  /** Everybody may see how its last run ended; else only who is signed in. */
  readonly badge: boolean
  /** Its newest ended runs that are kept, and their age; null = as the server says. */
  readonly keep: { readonly runs: number | null; readonly ageMs: number | null }
  /** First 12 hex digits of the SHA-256 of this hook's text in the file: which config a run used. */
  readonly config: string
  /** 64 hex digits: what it executes, wherever its file lies and whatever starts it; see hooks/command-hash.ts. */
  readonly commandHash: string
}
