/**
 * A fixed cast for every test: repository `acme/site`, hook `deploy-site`, sender `ada`. Each builder
 * gives a complete thing; a test names only what it is about.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { anywhere } from '../src/hooks/placement.ts'
import { update } from '../src/hosts/fields.ts'
import type { Keep } from '../src/model/config.ts'
import type { Delivery, Update } from '../src/model/delivery.ts'
import type { Concurrency, Hook, Terms, Trigger } from '../src/model/hook.ts'

export const SECRET = 'a secret for acme/site, long enough'
export const sha = (digit: string) => digit.repeat(40)

export function aTrigger(fields: Partial<Trigger> = {}): Trigger {
  return {
    event: 'push',
    branches: null,
    branchesIgnore: null,
    tags: null,
    tagsIgnore: null,
    paths: null,
    pathsIgnore: null,
    types: null,
    ...fields,
  }
}

export const noTerms: Terms = {
  user: null,
  umask: null,
  nice: null,
  limits: { memory: null, pids: null, openFiles: null },
  leftovers: 'kill',
}

export function aHook(fields: Partial<Hook> = {}): Hook {
  const name = fields.name ?? 'deploy-site'
  const concurrency: Concurrency = { group: name, cancelInProgress: false, queue: 'single' }
  return {
    name,
    repositories: [{ host: 'github', name: 'acme/site' }],
    host: 'github',
    triggers: [aTrigger()],
    match: [],
    inputs: [],
    path: `/hooks/${name}`,
    methods: ['POST'],
    secrets: [{ name: 'SITE_SECRET', value: SECRET }],
    signature: null,
    hostSecrets: false,
    tokens: [],
    open: false,
    access: { users: [], login: false, from: null },
    steps: [{ kind: 'shell', line: 'true', shell: '/bin/sh' }],
    onFailure: [],
    onSuccess: [],
    retry: null,
    workingDirectory: tmpdir(),
    env: {},
    terms: noTerms,
    timeoutMs: 60_000,
    concurrency,
    placement: anywhere,
    maxParallel: null,
    respond: 'accepted',
    reply: { statuses: new Map(), headers: {}, cacheMs: null, onDisconnect: 'continue' },
    allowReplay: false,
    allowForks: false,
    allowUnusualRefs: false,
    enabled: true,
    badge: false,
    keep: { runs: null, ageMs: null },
    config: 'c0ffee000000',
    commandHash: 'c0ffee'.padEnd(64, '0'),
    ...fields,
  }
}

export function aPush(branch = 'main', fields: Partial<Update> = {}): Update {
  return update({
    event: 'push',
    ref: `refs/heads/${branch}`,
    branch,
    sha: sha('a'),
    before: sha('b'),
    created: false,
    deleted: false,
    forced: false,
    commits: 1,
    files: ['README.md'],
    message: 'Fix the feed',
    ...fields,
  })
}

export function aTag(tag = 'v1.2.3', fields: Partial<Update> = {}): Update {
  return aPush('', { event: 'tag', ref: `refs/tags/${tag}`, branch: null, tag, ...fields })
}

export function aKeep(fields: Partial<Keep> = {}): Keep {
  const day = 24 * 60 * 60 * 1000
  const ages = {
    bodiesMs: 14 * day,
    outputMs: 30 * day,
    historyMs: 180 * day,
    refusalsMs: 14 * day,
  }
  return { ...ages, outputBytes: 2 ** 30, ...fields }
}

let guids = 0

export function aDelivery(fields: Partial<Delivery> = {}): Delivery {
  const guid = `guid-${++guids}`
  return {
    receivedAt: Date.now(),
    endpoint: '/hooks/deploy-site',
    host: 'github',
    guid,
    event: 'push',
    action: null,
    repository: 'acme/site',
    defaultBranch: 'main',
    sender: 'ada',
    updates: [aPush()],
    proof: 'secret 1 of 1',
    address: '127.0.0.1',
    headers: { 'x-github-event': 'push' },
    body: Buffer.from(`{"of":"${guid}"}`),
    problem: null,
    ...fields,
  }
}

/** A directory that is gone after the test. */
export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'runhook-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Waits until `condition` gives something other than undefined, null or false. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what = 'it',
  ms = 20_000,
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = Date.now() + ms
  for (;;) {
    const value = await condition()
    if (value) return value as Exclude<NonNullable<T>, false> // as just checked
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** What is counted by the minute comes out whole only when a test does not cross into the next one. */
export async function earlyInAMinute(): Promise<void> {
  const into = Date.now() % 60_000
  if (into > 55_000) await new Promise((resolve) => setTimeout(resolve, 60_000 - into))
}
