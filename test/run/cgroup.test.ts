import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Cgroup } from '../../src/run/cgroup.ts'
import { cgroupPlaceIn } from '../../src/run/cgroup-place.ts'
import { Cgroups } from '../../src/run/cgroups.ts'
import { enableControllers } from '../../src/run/controllers.ts'
import { Slots } from '../../src/run/slots.ts'
import { testWhereGiven } from '../needs.ts'
import { aDirectory, until } from '../some.ts'
import { aBench, shell } from './runs.ts'
import { noCgroups, someCgroups } from './ways.ts'

const given = testWhereGiven(noCgroups)

describe('the place for control groups', () => {
  const mount = (root: string, at: string) =>
    `31 23 0:28 / /sys rw,relatime - sysfs sysfs rw\n41 31 0:38 ${root} ${at} rw,relatime shared:9 - cgroup2 cgroup2 rw\n`

  test.each([
    [
      'a service',
      mount('/', '/sys/fs/cgroup'),
      '0::/system.slice/runhook.service\n',
      '/sys/fs/cgroup/system.slice/runhook.service',
    ],
    [
      'beside version 1',
      mount('/', '/sys/fs/cgroup/unified'),
      '4:memory:/a\n0::/\n',
      '/sys/fs/cgroup/unified',
    ],
    [
      'a container that sees but its own',
      mount('/docker/a1', '/sys/fs/cgroup'),
      '0::/docker/a1/x\n',
      '/sys/fs/cgroup/x',
    ],
    ['a mount with a space', mount('/', '/my\\040groups'), '0::/a\n', '/my groups/a'],
  ])('of %s', (_, mounts, own, base) => {
    expect(cgroupPlaceIn(mounts, own)).toEqual({ base })
  })

  test.each([
    [
      'version 1 alone',
      '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n',
      '1:cpu:/\n',
      'this system has no control groups of version 2',
    ],
    ['no /proc', '', '', 'this system has no control groups of version 2'],
    [
      'one outside of what is seen',
      mount('/docker/a1', '/sys/fs/cgroup'),
      '0::/docker/b2\n',
      'its own control group /docker/b2 cannot be seen from here',
    ],
    [
      'one above its namespace',
      mount('/', '/sys/fs/cgroup'),
      '0::/../b\n',
      'its own control group /../b cannot be seen from here',
    ],
  ])('is not there with %s', (_, mounts, own, reason) => {
    expect(cgroupPlaceIn(mounts, own)).toEqual({ reason })
  })
})

/** Files as the kernel would have them: what is written there can be read again. */
function aBase(files: Record<string, string>): string {
  const base = aDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text)
  return base
}

describe('controllers for limits', () => {
  const own = {
    'cgroup.controllers': 'cpu memory pids\n',
    'cgroup.subtree_control': '',
    'cgroup.type': 'domain\n',
  }
  const text = (base: string, file: string) => readFileSync(join(base, file), 'utf8')

  test('are switched on after the server has moved into a leaf', () => {
    const base = aBase({ ...own, 'cgroup.procs': `${process.pid}\n` })
    expect(enableControllers(base)).toBeNull()
    expect(text(base, 'main/cgroup.procs')).toBe(String(process.pid))
    expect(text(base, 'cgroup.subtree_control')).toBe('+memory +pids')
  })

  test('are left alone where they are on, or the group is shared, or there are none', () => {
    const on = aBase({ ...own, 'cgroup.subtree_control': 'memory pids\n', 'cgroup.procs': '' })
    expect(enableControllers(on)).toBeNull()
    expect(existsSync(join(on, 'main'))).toBe(false)
    const shared = aBase({ ...own, 'cgroup.procs': `1\n${process.pid}\n` })
    expect(enableControllers(shared)).toBe(
      `its control group ${shared} also holds 1 other processes`,
    )
    expect(existsSync(join(shared, 'main'))).toBe(false)
    const none = aBase({ 'cgroup.controllers': 'hugetlb\n' })
    expect(enableControllers(none)).toBe('its control group has no memory and no pids controller')
  })

  test('are given what a hook wants, and lose it for the next one', () => {
    const base = aDirectory()
    const cgroup = new Cgroup(base)
    expect(cgroup.limit({ memory: null, pids: null })).toBe(true)
    expect(existsSync(join(base, 'memory.max'))).toBe(false)
    cgroup.limit({ memory: 1024, pids: 5 })
    expect([
      text(base, 'memory.max'),
      text(base, 'pids.max'),
      text(base, 'memory.oom.group'),
    ]).toEqual(['1024', '5', '1'])
    cgroup.limit({ memory: null, pids: null })
    expect([
      text(base, 'memory.max'),
      text(base, 'pids.max'),
      text(base, 'memory.oom.group'),
    ]).toEqual(['max', 'max', '0'])
    writeFileSync(join(base, 'memory.events'), 'low 0\noom 1\noom_kill 3\n')
    expect(cgroup.outOfMemory).toBe(3)
  })
})

given('one control group serves many runs of a slot', async () => {
  const cgroups = someCgroups()
  const slots = new Slots('', cgroups)
  const { run } = aBench()
  const seen = new Set<string>()
  for (let i = 0; i < 5; i++)
    seen.add((await run([shell('grep ^0:: /proc/self/cgroup')], { slots, cgroups })).text)
  slots.close()
  expect(seen.size).toBe(1)
  expect([...seen][0]).toMatch(/^0::\/.*runhook-test/)
})

given(
  'a slot that may not join a control group runs on, and its runs are looked after in the other way',
  async () => {
    const cgroups = new Cgroups(aDirectory(), 'nowhere') // a plain folder, whose groups have no members
    const slots = new Slots('', cgroups)
    const { run } = aBench()
    mkdirSync(join(cgroups.base, 'x'))
    const take = cgroups.take.bind(cgroups)
    cgroups.take = () => {
      const cgroup = take()
      if (cgroup) mkdirSync(join(cgroup.path, 'cgroup.procs')) // which no shell can write to
      return cgroup
    }
    const end = await run([shell('setsid sleep 300 >/dev/null 2>&1 & echo $!; sleep 1')], {
      slots,
      cgroups,
    })
    slots.close()
    expect(end.status).toBe('success')
    const pid = Number.parseInt(end.text, 10)
    expect(end.text).toContain(`[runhook: ended processes that had left the step's group: ${pid}`)
  },
)

given('what an earlier server left in its groups is ended, and what runs kept is not', async () => {
  const token = `test${Math.random().toString(36).slice(2)}`
  const before = someCgroups(token)
  const slots = new Slots('', before)
  const { run, directory } = aBench()
  const terms = {
    user: null,
    umask: null,
    nice: null,
    limits: { memory: null, pids: null, openFiles: null },
    leftovers: 'keep',
  } as const
  const kept = await run([shell('setsid sleep 300 >/dev/null 2>&1 & echo $!; sleep 0.2')], {
    slots,
    cgroups: before,
    hook: { terms },
  })
  const pid = Number.parseInt(kept.text, 10)
  const running = run([shell('touch begun; sleep 300')], { slots, cgroups: before })
  const after = new Cgroups(before.base, token)
  const alive = () => existsSync(`/proc/${pid}`)
  await until(() => existsSync(join(directory, 'begun')), 'its beginning')
  expect(await after.endStale([before.base], [], 300)).not.toEqual([])
  expect((await running).status).toBe('failure')
  expect(alive()).toBe(true)
  await after.endStale([before.base], [1], 300)
  await until(() => !alive())
  slots.close()
})

given('the control group of what a run kept goes with it', async () => {
  const token = `test${Math.random().toString(36).slice(2)}`
  const before = someCgroups(token)
  const keeper = (cgroups: Cgroups, run: number) => cgroups.keeperOf(String(run))?.path ?? ''
  const first = keeper(before, 1)
  const child = spawn('sleep', ['300'], { stdio: 'ignore' })
  writeFileSync(join(first, 'cgroup.procs'), String(child.pid))
  const second = keeper(before, 2)
  expect([first, second].map((path) => existsSync(path))).toEqual([true, true])

  const after = new Cgroups(before.base, token)
  await after.endStale([before.base], [], 0)
  expect([first, second].map((path) => existsSync(path))).toEqual([true, false])
  child.kill('SIGKILL')
  await until(() => new Cgroup(first).isEmpty(), 'its end')
  const third = keeper(after, 3)
  expect([first, third].map((path) => existsSync(path))).toEqual([false, true])
  await after.close()
  expect(existsSync(third)).toBe(false)
})
