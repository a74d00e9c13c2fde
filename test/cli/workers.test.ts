/** A fleet as the command line shows it. */

import { describe, expect, test } from 'vitest'
import { aDeployed, aFleet, aRollout, aWorker, type FleetHeld } from '../show/fleet.ts'
import { aRun, aStored, NOW, serveWorld } from '../show/world.ts'
import { aHook, sha } from '../some.ts'
import { aShell, aShellWithServer } from './shell.ts'

const web1 = aWorker({ labels: ['web', 'eu'], running: 2, version: '0.2.0' })
const web4 = aWorker({ name: 'web-4', state: 'lost', seenAt: NOW - 7_300_000, waiting: 3 })
const web5 = aWorker({ name: 'web-5', state: 'stopped', seenAt: NOW - 400_000 })

async function aFleetShell(held: FleetHeld) {
  const shell = aShell()
  shell.world.fleet = aFleet(held)
  await serveWorld(shell.world)
  return shell
}

const ALONE = `This server is alone: it has no workers, and carries out all runs itself.
"database" of "server" in the hooks file makes it one of a fleet.
`

describe('runhook workers', () => {
  test('lists who is there, how each stands and how busy it is', async () => {
    const shell = await aFleetShell({ workers: [web1, web4, web5] })
    expect(await shell.run('workers')).toMatchObject({
      code: 0,
      talk: '',
      out: `  WORKER  LABELS   STATE    SEEN      RUNNING  WAITING  VERSION  HOST
✓ web-1   web, eu  alive    just now  2 of 4            0.2.0    web-1.example.com
✗ web-4   web      lost     2h ago    0 of 4   3        0.1.0    web-1.example.com
· web-5   web      stopped  6m ago    0 of 4            0.1.0    web-1.example.com
`,
    })
  })

  test('--deployed shows what each has, also after a failure', async () => {
    const deployed = [
      aDeployed(),
      aDeployed({ worker: 'web-4', status: 'failure', sha: sha('b'), run: 150, finishedAt: NOW }),
      aDeployed({ worker: 'web-5', status: 'failure', successSha: null, refName: null }),
    ]
    const shell = await aFleetShell({ workers: [web1], deployed })
    const { out } = await shell.run('workers', '--deployed')
    expect(out).toContain(`
  WORKER  HOOK         HAS      LAST     COMMIT   REF   ENDED     RUN
✓ web-1   deploy-site  aaaaaaa  success  aaaaaaa  main  1m ago    #142
✗ web-4   deploy-site  aaaaaaa  failure  bbbbbbb  main  just now  #150
✗ web-5   deploy-site  nothing  failure  aaaaaaa        1m ago    #142
`)
  })

  test('--json prints what the API says', async () => {
    const shell = await aFleetShell({ workers: [web1], deployed: [aDeployed()] })
    const { out } = await shell.run('workers', '--deployed', '--json')
    expect(JSON.parse(out)).toEqual({ alone: false, workers: [web1], deployed: [aDeployed()] })
    expect(JSON.parse((await shell.run('workers', '--json')).out)).toEqual({
      alone: false,
      workers: [web1],
    })
  })

  test('a server that is alone is no mistake, and says what would change that', async () => {
    const shell = await aShellWithServer()
    expect(await shell.run('workers')).toMatchObject({ code: 0, out: '', talk: ALONE })
  })

  test('a fleet that nobody has joined says how to', async () => {
    const shell = await aFleetShell({})
    expect((await shell.run('workers')).talk).toBe(
      'No worker has registered yet. Start one with "runhook worker".\n',
    )
  })

  test('names and labels that a worker made up cannot move the cursor', async () => {
    const shell = await aFleetShell({ workers: [aWorker({ host: 'x\x1b[2J' })] })
    expect((await shell.run('workers')).out).toContain(String.raw`x\x1b[2J`)
  })
})

describe('runhook workers remove', () => {
  test('forgets one that is lost', async () => {
    const shell = await aFleetShell({ workers: [web1, web4] })
    expect(await shell.run('workers', 'remove', 'web-4')).toMatchObject({
      code: 0,
      out: 'web-4 is forgotten: no more runs wait for it.\n',
    })
    expect((await shell.run('workers')).out).not.toContain('web-4')
  })

  test('tells programs so in JSON', async () => {
    const shell = await aFleetShell({ workers: [web4] })
    const { out } = await shell.run('workers', 'remove', 'web-4', '--json')
    expect(JSON.parse(out)).toEqual({ removed: 'web-4' })
  })

  test('refuses one that is alive, and one that nobody knows', async () => {
    const shell = await aFleetShell({ workers: [web1] })
    expect(await shell.run('workers', 'remove', 'web-1')).toMatchObject({ code: 1 })
    expect(await shell.run('workers', 'remove', 'web-9')).toMatchObject({ code: 3 })
  })
})

/** Two have the new commit, the third failed, and so the last two were left alone. */
function aStoppedRollout() {
  const run = (id: number, worker: string, fields: Parameters<typeof aRun>[0]) =>
    aRun({ id, worker, rollout: 142, hook: 'blog', sha: `8b1d0e4${'0'.repeat(33)}`, ...fields })
  const failed = { status: 'failure', exitCode: 1, reason: 'exit code 1' } as const
  const untouched = {
    status: 'cancelled',
    startedAt: null,
    finishedAt: NOW,
    exitCode: null,
    reason: 'not run: web-3 failed (fail-fast)',
  } as const
  return aRollout({
    hook: 'blog',
    stopped: 'web-3 failed',
    runs: [
      run(142, 'web-1', {}),
      run(143, 'web-2', {}),
      run(144, 'web-3', failed),
      run(145, 'web-4', untouched),
      run(146, 'web-5', { ...untouched, reason: 'web-5 was away (last seen 2 h ago)' }),
    ],
  })
}

describe('runhook rollouts', () => {
  test('lists them with what became of each as a whole', async () => {
    const going = [
      aRun({ id: 150, worker: 'web-1', rollout: 150 }),
      aRun({ id: 151, worker: 'web-2', rollout: 150, status: 'running', finishedAt: null }),
      aRun({ id: 152, worker: 'web-3', status: 'queued', startedAt: null, finishedAt: null }),
    ]
    const second = aRollout({ id: 150, createdAt: NOW - 3000, runs: going })
    const shell = await aFleetShell({ rollouts: [aStoppedRollout(), second] })
    expect((await shell.run('rollouts')).out).toBe(
      `  ROLLOUT  HOOK         TO EVERY  EVENT      COMMIT   ASKED     RESULT
● #150     deploy-site  web       push main  aaaaaaa  just now  1 success, 1 running, 1 waiting
✗ #142     blog         web       push main  8b1d0e4  2m ago    2 success, 1 failure, 2 not run
`,
    )
    expect((await shell.run('rollouts', 'blog')).out).not.toContain('#150')
    expect((await shell.run('rollouts', '--limit', '1')).out).not.toContain('#142')
  })

  test('with a number it says of each worker what became of it', async () => {
    const shell = await aFleetShell({ rollouts: [aStoppedRollout()] })
    const { code, out } = await shell.run('rollouts', '#142')
    expect(code).toBe(0)
    expect(out.replace(/asked \S+ \S+/, 'asked TIME')).toBe(
      `#142  blog to every web: push main 8b1d0e4 by ada
  asked TIME (2m ago), 1 at a time; stops at the first failure
  stopped: web-3 failed

  ✓ web-1  success 8b1d0e4 in 2.9s, run #142
  ✓ web-2  success 8b1d0e4 in 2.9s, run #143
  ✗ web-3  failure (exit code 1) in 2.9s, run #144
  ⊘ web-4  not run: web-3 failed (fail-fast), run #145
  ⊘ web-5  not run: web-5 was away (last seen 2 h ago), run #146

2 success, 1 failure, 2 not run
`,
    )
  })

  test('one that was stopped is whole when the others have been run again', async () => {
    const stopped = aStoppedRollout()
    const again = (count: number) =>
      stopped.runs.map((run, index) =>
        index < count ? aRun({ ...run, status: 'success', startedAt: 1, reason: null }) : run,
      )
    const said = async (count: number) => {
      const shell = await aFleetShell({ rollouts: [{ ...stopped, runs: again(count) }] })
      return (await shell.run('rollouts', '142')).out
    }
    expect(await said(4)).toContain('\n  stopped: web-3 failed\n')
    expect(await said(5)).toContain(
      '\n  was stopped: web-3 failed; it has been run again since, and every worker has it now\n',
    )
  })

  test('a retry shows while it waits, and what was asked of nobody is told', async () => {
    const retry = { run: 142, number: 1, times: 3, interruptions: 0 }
    const begun = { startedAt: null, finishedAt: null, exitCode: null }
    const waits = aRun({
      ...begun,
      worker: 'web-1',
      status: 'queued',
      retry,
      notBefore: NOW + 9000,
    })
    const runs = [
      waits,
      aRun({ ...begun, id: 143, status: 'cancelled', finishedAt: NOW, reason: 'x' }),
    ]
    const plan = { maxParallel: null, failFast: false, catchUp: true }
    const shell = await aFleetShell({ rollouts: [aRollout({ runs, ...plan })] })
    const { out } = await shell.run('rollouts', '142')
    expect(out).toContain('all at once; who was away catches up\n')
    expect(out).toContain('◌ web-1   waits, retry 1 of 3 in 9s, run #142\n')
    expect(out).toContain('⊘ nobody  not run: x, run #143\n')
  })

  test('--json prints what the API says', async () => {
    const rollout = aStoppedRollout()
    const shell = await aFleetShell({ rollouts: [rollout] })
    expect(JSON.parse((await shell.run('rollouts', '142', '--json')).out)).toEqual({ rollout })
    expect(JSON.parse((await shell.run('rollouts', '--json')).out)).toEqual({
      rollouts: [rollout],
      next: null,
    })
  })

  test('none yet, an unknown hook, an unknown number and a server that is alone', async () => {
    const shell = await aFleetShell({})
    shell.world.hooks.push(aHook())
    expect((await shell.run('rollouts')).talk).toBe(
      'No rollouts yet: they are the runs of hooks with "runs-on": { "every": LABEL }.\n',
    )
    expect(await shell.run('rollouts', 'nope')).toMatchObject({ code: 3 })
    expect(await shell.run('rollouts', '7')).toMatchObject({ code: 3 })
    const lonely = await aShellWithServer()
    expect(await lonely.run('rollouts')).toMatchObject({ code: 0, talk: ALONE })
  })
})

describe('runs of a fleet', () => {
  const queued = { status: 'queued', startedAt: null, finishedAt: null, exitCode: null } as const

  test('show their worker, and are listed by it', async () => {
    const shell = await aFleetShell({ workers: [web1] })
    shell.world.runs.push(
      aRun({ worker: 'web-1' }),
      aRun({ id: 143, worker: 'web-2' }),
      aRun({ id: 144 }),
    )
    expect((await shell.run('runs', '--worker', 'web-1')).out).toBe(
      `  RUN   HOOK         STATUS   EVENT      COMMIT   STARTED  TOOK  WORKER
✓ #142  deploy-site  success  push main  aaaaaaa  2m ago   2.9s  web-1
`,
    )
    expect((await shell.run('runs')).out.split('\n')[1]).toMatch(/2\.9s$/)
    expect((await shell.run('runs', '--worker', 'web-7')).talk).toBe(
      'No runs on web-7. "runhook runs" lists all.\n',
    )
  })

  test('say for which worker they wait', async () => {
    const shell = await aFleetShell({ workers: [web4] })
    const placement = aHook().placement
    shell.world.hooks.push(aHook({ placement: { ...placement, label: 'web' } }))
    shell.world.runs.push(
      ...[1, 2, 3, 4, 5, 6, 7].map((id) => aRun({ id, ...queued })),
      aRun({ id: 8, ...queued, worker: 'web-4', rollout: 8 }),
      aRun({ id: 9, ...queued, hook: 'gone-from-the-file' }),
    )
    expect((await shell.run('runs')).talk).toBe(
      `#8: waits for web-4, which is lost
#7, #6, #5, #4, #3 and 2 more: waits for a worker with the label web; none is alive
`,
    )
  })

  test('say so beneath their delivery too', async () => {
    const shell = await aFleetShell({})
    shell.world.hooks.push(aHook())
    shell.world.runs.push(aRun({ ...queued }))
    const verdicts = [{ hook: 'deploy-site', update: 0, matched: true, checks: [], run: 142 }]
    shell.world.deliveries.push(aStored({ verdicts }))
    expect((await shell.run('deliveries', '57')).talk).toBe(
      '#142: waits for a worker with the label default; none is alive\n',
    )
  })

  test('wait for nobody where the server is alone', async () => {
    const shell = await aShellWithServer()
    shell.world.runs.push(aRun({ ...queued }))
    expect((await shell.run('runs')).talk).toBe('')
  })
})

describe('runhook check --explain', () => {
  const push = {
    ref: 'refs/heads/main',
    before: sha('b'),
    after: sha('a'),
    created: false,
    deleted: false,
    forced: false,
    commits: [],
    repository: { full_name: 'acme/site', default_branch: 'main' },
  }

  async function explained(runsOn: unknown, held: FleetHeld | null) {
    const shell = await (held ? aFleetShell(held) : aShellWithServer())
    const secret = 'a secret that is long enough'
    const database = 'postgres://runhook@127.0.0.1/runhook'
    const site = { repo: 'github:acme/site', on: 'push', secret, run: 'true', 'runs-on': runsOn }
    shell.put('hooks.json', { server: { database }, hooks: { site } })
    shell.put('push.json', push)
    return (await shell.run('check', '--explain', 'push.json')).talk
  }
  const would = '1 of 1 hook would run. Nothing was run.\n'

  test.each([
    [
      'a label that nobody alive has',
      'web',
      { workers: [web4] },
      'A run of site now waits for a worker with the label web; none is alive.\n',
    ],
    ['a label of one that is alive', 'web', { workers: [web1] }, ''],
    [
      'every worker of a label',
      { every: 'web' },
      { workers: [web1, web4] },
      'site would run on web-1; not on web-4, which is lost.\n',
    ],
    [
      'every worker of a label that none has',
      { every: 'gpu' },
      { workers: [web1] },
      'site would run nowhere: no worker with the label gpu is known.\n',
    ],
    ['a label, asked of a server that is alone', 'web', null, ''],
  ])('%s', async (_, runsOn, held, says) => {
    expect(await explained(runsOn, held)).toBe(would + says)
  })

  test('needs no server for what it says of the rules', async () => {
    const shell = aShell()
    const secret = 'a secret that is long enough'
    const server = { database: 'postgres://runhook@127.0.0.1/runhook' }
    const site = { repo: 'github:acme/site', on: 'push', secret, run: 'true' }
    shell.put('hooks.json', { server, hooks: { site } })
    shell.put('push.json', push)
    expect(await shell.run('check', '--explain', 'push.json')).toMatchObject({
      code: 0,
      talk: would,
    })
  })
})
