/**
 * What a hook of a good file becomes: every default, and what stands where.
 */

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anywhere } from '../../src/hooks/placement.ts'
import { noTerms } from '../some.ts'
import { hookOf, REF, SECRET, written } from './written.ts'

const manual = { on: 'manual', secret: REF, run: 'true' }
const push = { repo: 'github:acme/site', secret: REF, run: 'git pull' }
const page = { url: '/df', on: 'get', token: REF, command: ['df', '-h'] }

const noFilters = {
  branches: null,
  branchesIgnore: null,
  tags: null,
  tagsIgnore: null,
  paths: null,
  pathsIgnore: null,
  types: null,
}

describe('a hook', () => {
  test('of a repository has every default', async () => {
    const { folder, config, files, envFile, problems } = await written({ hooks: { site: push } })
    expect(problems).toEqual([])
    expect(config?.hooks.get('site')).toEqual({
      name: 'site',
      repositories: [{ host: 'github', name: 'acme/site' }],
      host: 'github',
      triggers: [{ event: 'push', ...noFilters }],
      match: [],
      inputs: [],
      path: '/hooks/site',
      methods: ['POST'],
      secrets: [{ name: 'SECRET', value: SECRET }],
      signature: null,
      hostSecrets: false,
      tokens: [],
      open: false,
      access: { users: [], login: false, from: null },
      steps: [{ kind: 'shell', line: 'git pull', shell: '/bin/sh' }],
      onFailure: [],
      onSuccess: [],
      retry: null,
      workingDirectory: folder,
      env: {},
      terms: noTerms,
      timeoutMs: 600_000,
      concurrency: { group: 'site', cancelInProgress: false, queue: 'single' },
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
      config: expect.stringMatching(/^[0-9a-f]{12}$/),
      commandHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(envFile).toBe(join(folder, '.env'))
    expect(files).toEqual([join(folder, 'hooks.json'), envFile])
  })

  test('of a plain URL answers GET with the output, soon, side by side', async () => {
    expect(await hookOf(page)).toMatchObject({
      repositories: [],
      host: 'webhook',
      triggers: [{ event: 'get' }],
      path: '/df',
      methods: ['GET'],
      secrets: [],
      tokens: [{ name: 'SECRET', value: SECRET }],
      steps: [{ kind: 'command', argv: ['df', '-h'] }],
      timeoutMs: 30_000,
      concurrency: { group: null },
      respond: 'output',
    })
  })

  test('of a plain URL that does not say on which event answers POST at once', async () => {
    expect(await hookOf({ url: '/go', auth: 'none', run: 'true' })).toMatchObject({
      triggers: [{ event: 'post' }],
      methods: ['POST'],
      respond: 'accepted',
      open: true,
      timeoutMs: 600_000,
    })
  })

  test('started by hand is one at a time too, and may stand beside anything', async () => {
    expect(await hookOf(manual)).toMatchObject({
      host: 'webhook',
      triggers: [{ event: 'manual' }],
      path: '/hooks/a',
      methods: ['POST'],
      concurrency: { group: 'a' },
    })
    const both = await hookOf({ ...page, on: ['get', 'workflow_dispatch'] })
    expect(both.triggers.map((trigger) => trigger.event)).toEqual(['get', 'manual'])
    expect(both.methods).toEqual(['GET', 'POST'])
  })

  test("without a url may still be called at its name's address", async () => {
    expect(await hookOf({ on: ['get', 'post'], token: REF, run: 'x' })).toMatchObject({
      path: '/hooks/a',
      methods: ['GET', 'POST'],
    })
  })

  test('of several repositories may name them by pattern', async () => {
    const hook = await hookOf({ ...push, repo: ['bitbucket:acme/*', 'bitbucket:*/wiki'] })
    expect(hook.host).toBe('bitbucket')
    expect(hook.repositories).toEqual([
      { host: 'bitbucket', name: 'acme/*' },
      { host: 'bitbucket', name: '*/wiki' },
    ])
  })

  test('reads the filters of each event, lists or not, and the words of each host', async () => {
    const hook = await hookOf({
      ...push,
      on: {
        'repo:push': { branches: 'main', 'paths-ignore': ['docs/**'] },
        tag: { tags: ['v*'] },
        'pullrequest:created': null,
        pull_request: { types: 'opened', branches: ['main'] },
      },
    })
    expect(hook.triggers).toEqual([
      { ...noFilters, event: 'push', branches: ['main'], pathsIgnore: ['docs/**'] },
      { ...noFilters, event: 'tag', tags: ['v*'] },
      { ...noFilters, event: 'pullrequest:created' },
      { ...noFilters, event: 'pull_request', branches: ['main'], types: ['opened'] },
    ])
  })

  test('asks for inputs', async () => {
    const inputs = {
      scope: { options: ['pages', 'all'], default: 'all', description: 'What to clear' },
      count: { type: 'number', default: 3, required: true },
      dry: { type: 'boolean', default: false },
      note: null,
    }
    const hook = await hookOf({ ...manual, on: { manual: { inputs } } })
    const none = {
      description: null,
      required: false,
      default: null,
      options: null,
      maxLength: 65_536,
    }
    expect(hook.inputs).toEqual([
      {
        ...none,
        name: 'scope',
        type: 'choice',
        description: 'What to clear',
        default: 'all',
        options: ['pages', 'all'],
        maxLength: 65_536,
      },
      { ...none, name: 'count', type: 'number', required: true, default: '3' },
      { ...none, name: 'dry', type: 'boolean', default: 'false' },
      { ...none, name: 'note', type: 'string' },
    ])
  })

  test('runs lines, signals and commands', async () => {
    const { steps, workingDirectory } = await hookOf({
      ...push,
      'working-directory': 'site',
      shell: '/bin/bash',
      run: [
        'git pull',
        { signal: 'HUP', pidfile: '/run/app.pid' },
        { signal: 'SIGUSR2', pidfile: 'tmp/app.pid' },
      ],
    })
    expect(steps).toEqual([
      { kind: 'shell', line: 'git pull', shell: '/bin/bash' },
      { kind: 'signal', signal: 'SIGHUP', pidfile: '/run/app.pid' },
      { kind: 'signal', signal: 'SIGUSR2', pidfile: join(workingDirectory, 'tmp/app.pid') },
    ])
    const items = [
      'deploy',
      '{{ branch }}',
      '{{payload.sender.login}}',
      '{{ header.x-github-event }}',
      '',
    ]
    const command = await hookOf({ ...push, run: undefined, command: items })
    expect(command.steps).toEqual([{ kind: 'command', argv: items }])
  })

  test.each([
    [false, { group: null, cancelInProgress: false, queue: 'single' }],
    ['deploys', { group: 'deploys', cancelInProgress: false, queue: 'single' }],
    [{}, { group: 'a', cancelInProgress: false, queue: 'single' }],
    [
      { group: 'g', 'cancel-in-progress': true, queue: 'max' },
      { group: 'g', cancelInProgress: true, queue: 'max' },
    ],
  ])('with concurrency %j is %j', async (concurrency, expected) => {
    expect((await hookOf({ ...push, concurrency })).concurrency).toEqual(expected)
    const plain = { ...page, concurrency }
    expect((await hookOf(plain)).concurrency).toEqual(expected)
  })

  test('takes switches as they are', async () => {
    const hook = await hookOf({
      ...push,
      replay: 'allow',
      'allow-forks': true,
      'allow-unusual-refs': true,
      enabled: false,
      respond: 'output',
    })
    expect(hook).toMatchObject({
      allowReplay: true,
      allowForks: true,
      allowUnusualRefs: true,
      enabled: false,
      respond: 'output',
      timeoutMs: 30_000,
    })
  })

  test("takes the file's defaults where it says nothing", async () => {
    const defaults = {
      timeout: '5m',
      shell: '/bin/bash',
      'working-directory': '/',
      env: { A: 'defaults', B: 'defaults' },
    }
    const hook = await hookOf({ ...push, env: { B: 'own' } }, { defaults })
    expect(hook).toMatchObject({
      timeoutMs: 300_000,
      workingDirectory: '/',
      steps: [{ shell: '/bin/bash' }],
    })
    expect({ ...hook.env }).toEqual({ A: 'defaults', B: 'own' })
    expect(Object.getPrototypeOf(hook.env)).toBe(null)
  })
})
