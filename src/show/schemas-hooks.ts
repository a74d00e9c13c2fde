/** The server and its hooks as the API answers them; see schemas.ts. */

import * as v from 'valibot'
import type { ServerStatus } from './control.ts'
import { flag, hostName, named, text, textOrNull, texts, time, whole } from './schemas.ts'
import type { HookView } from './views.ts'

const patterns = v.nullable(texts)

export const serverStatus: v.GenericSchema<ServerStatus> = named(
  'Status',
  v.object({
    version: text,
    startedAt: time,
    url: text,
    pages: v.exactOptional(text),
    hooks: whole,
    running: whole,
    waiting: whole,
    maxWaiting: whole,
    configProblem: textOrNull,
  }),
)

const trigger = v.object({
  event: text,
  branches: patterns,
  branchesIgnore: patterns,
  tags: patterns,
  tagsIgnore: patterns,
  paths: patterns,
  pathsIgnore: patterns,
  types: patterns,
})

const input = v.object({
  name: text,
  type: v.picklist(['string', 'number', 'boolean', 'choice']),
  description: textOrNull,
  required: flag,
  default: textOrNull,
  options: patterns,
  maxLength: whole,
})

const options = {
  name: v.exactOptional(text),
  timeoutMs: v.exactOptional(whole),
  continueOnError: v.exactOptional(flag),
}

const step = v.variant('kind', [
  v.object({ kind: v.literal('shell'), line: text, shell: text, ...options }),
  v.object({ kind: v.literal('command'), argv: v.tupleWithRest([text], text), ...options }),
  v.object({ kind: v.literal('signal'), signal: text, pidfile: text, ...options }),
])

const retry = v.object({
  times: whole,
  delayMs: whole,
  on: v.array(v.picklist(['failure', 'timed_out', 'interrupted'])),
})

const hook: v.GenericSchema<HookView> = named(
  'Hook',
  v.object({
    name: text,
    enabled: flag,
    host: hostName,
    repositories: texts,
    triggers: v.array(trigger),
    match: v.array(v.object({ place: text, wants: text })),
    inputs: v.array(input),
    path: text,
    methods: v.array(v.picklist(['GET', 'POST'])),
    auth: v.object({ secrets: texts, tokens: texts, users: texts, login: flag, open: flag }),
    steps: v.array(step),
    onFailure: v.array(step),
    onSuccess: v.array(step),
    retry: v.nullable(retry),
    workingDirectory: text,
    env: texts,
    timeoutMs: whole,
    concurrency: v.object({
      group: textOrNull,
      cancelInProgress: flag,
      queue: v.union([v.picklist(['single', 'max']), whole]),
    }),
    placement: v.object({
      label: text,
      every: flag,
      catchUp: flag,
      maxParallel: v.nullable(whole),
      failFast: flag,
    }),
    maxParallel: v.nullable(whole),
    respond: v.picklist(['accepted', 'output', 'stream']),
    config: text,
    commandHash: text,
  }),
)

export const hookList = v.object({ file: text, hooks: v.array(hook) })
