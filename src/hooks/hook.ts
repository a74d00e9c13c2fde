/**
 * One hook of the file to a `Hook`: every default filled in, every rule between its keys checked. What it
 * returns is only used when nothing was reported as an error.
 */

import { isHostName } from '../model/delivery.ts'
import type { Concurrency, Hook, RepositoryName, Trigger } from '../model/hook.ts'
import { readAccess } from './access.ts'
import { checkUrl } from './address.ts'
import { readMatch } from './conditions-written.ts'
import { type FileDraft, type HookDraft, hookDraft } from './draft.ts'
import { readInputsWritten } from './inputs-written.ts'
import { readHookKeep } from './keep.ts'
import { readPlacement } from './placement.ts'
import { readProof } from './proof.ts'
import { readReply } from './reply.ts'
import { readRetry } from './retry.ts'
import type { HookWritten } from './schema-hook.ts'
import { readSignature } from './signature-written.ts'
import { readFollowing, readSteps } from './steps.ts'
import { readEnv, readFolder, readTimeout } from './surroundings.ts'
import { readTerms } from './terms.ts'
import { asList, readTriggers } from './triggers.ts'

export async function readHook(
  name: string,
  written: HookWritten,
  hashes: Pick<Hook, 'config' | 'commandHash'>,
  file: FileDraft,
): Promise<Hook> {
  const draft = hookDraft(name, written, file.report)
  const repositories = readRepositories(draft)
  const host = repositories[0]?.host ?? 'webhook'
  const triggers = readTriggers(draft)
  const inputs = readInputsWritten(draft)
  checkStart(draft, triggers)
  if (written.url !== undefined) checkUrl([...draft.path, 'url'], written.url, file.report)
  const methods = methodsOf(triggers)
  const respond = written.respond ?? (methods.includes('GET') ? 'output' : 'accepted')
  const workingDirectory = readFolder(draft, file)
  const shell = written.shell ?? file.written.defaults?.shell ?? '/bin/sh'
  const timeoutMs = readTimeout(draft, file, respond)
  const names = inputs.map((input) => input.name)
  const around = { shell, workingDirectory, timeoutMs, inputs: names }
  return {
    name,
    repositories,
    host,
    triggers,
    match: readMatch(draft, host),
    inputs,
    path: written.url ?? `/hooks/${name}`,
    methods,
    ...(await readProof(draft, file, host, triggers)),
    access: await readAccess(draft, file),
    signature: readSignature(draft),
    steps: readSteps(draft, around),
    onFailure: readFollowing('on-failure', draft, around),
    onSuccess: readFollowing('on-success', draft, around),
    retry: readRetry(draft),
    workingDirectory,
    env: await readEnv(draft, file),
    terms: readTerms(draft, file),
    timeoutMs,
    concurrency: readConcurrency(draft, triggers),
    placement: readPlacement(draft, file, respond),
    maxParallel: written['max-parallel'] ?? null,
    respond,
    reply: readReply(draft, respond, methods),
    allowReplay: written.replay === 'allow',
    allowForks: written['allow-forks'] ?? false,
    allowUnusualRefs: written['allow-unusual-refs'] ?? false,
    enabled: written.enabled ?? true,
    badge: written.badge === 'public',
    keep: readHookKeep(draft),
    ...hashes,
  }
}

function readRepositories({ written, path, report }: HookDraft): RepositoryName[] {
  const repositories = asList(written.repo).map((text): RepositoryName => {
    const colon = text.indexOf(':')
    const prefix = text.slice(0, colon)
    return { host: isHostName(prefix) ? prefix : 'webhook', name: text.slice(colon + 1) }
  })
  const at = [...path, 'repo']
  if (written.repo !== undefined && repositories.length === 0)
    report.error(at, 'is an empty list; name at least one repository')
  const [first] = repositories
  const other = repositories.findIndex((repository) => repository.host !== first?.host)
  if (first !== undefined && other > 0)
    report.error(
      [...at, other],
      `is at another host than ${first.host}:${first.name}, and hosts sign differently; make two hooks`,
    )
  return repositories
}

function checkStart({ path, report, given }: HookDraft, triggers: readonly Trigger[]): void {
  if (triggers.length === 0 && !given('on') && !given('repo') && !given('url'))
    report.error(path, 'says nothing that starts it; add "repo", "url" or "on": "manual"')
}

function methodsOf(triggers: readonly Trigger[]): ('GET' | 'POST')[] {
  const get = triggers.some((trigger) => trigger.event === 'get')
  const post = triggers.some((trigger) => trigger.event !== 'get')
  return [...(get ? ['GET' as const] : []), ...(post || !get ? ['POST' as const] : [])]
}

function readConcurrency(
  { written, name, given }: HookDraft,
  triggers: readonly Trigger[],
): Concurrency {
  const { concurrency } = written
  const options = typeof concurrency === 'object' ? concurrency : {}
  const manual = triggers.some((trigger) => trigger.event === 'manual')
  const byDefault = given('repo') || manual || typeof concurrency === 'object' ? name : null
  return {
    group:
      typeof concurrency === 'string'
        ? concurrency
        : concurrency === false
          ? null
          : (options.group ?? byDefault),
    cancelInProgress: options['cancel-in-progress'] ?? false,
    queue: options.queue ?? 'single',
  }
}
