import { spawn, spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { endLeftovers, markerOf } from '../../src/run/leftovers.ts'
import { testUnless } from '../needs.ts'
import { until } from '../some.ts'
import { isAlive } from './runs.ts'

const linux = testUnless(process.platform === 'linux' ? null : 'this is not Linux')
const aToken = () => `token-${Math.random().toString(36).slice(2)}`

/** A shell as a crashed server would leave it, and the pids that it prints. */
async function anOrphan(marker: string, line: string, count: number): Promise<number[]> {
  const env = { PATH: process.env.PATH, RUNHOOK_RUN: marker }
  const stdio = ['ignore', 'pipe', 'ignore'] as const
  const child = spawn('sh', ['-c', line], { detached: true, env, stdio: [...stdio] })
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  const pids = await until(() => {
    const found = text.split(/\s+/).filter(Boolean).map(Number)
    return found.length >= count && found
  }, 'the pids')
  onTestFinished(() => {
    spawnSync('kill', ['-KILL', '--', `-${child.pid}`, ...pids.map(String)])
  })
  return pids
}

linux('what a crash left of a run is found and ended, wherever it went', async () => {
  const token = aToken()
  const pids = await anOrphan(
    markerOf(token, 7),
    'echo $$; sleep 300 & echo $!; setsid sh -c "echo \\$\\$; sleep 300" & timeout 300 sh -c "echo \\$\\$; sleep 300" & wait',
    4,
  )
  expect(pids.every(isAlive)).toBe(true)
  const [found, ...others] = await endLeftovers(token, [6, 7, 8], 500)
  expect(others).toEqual([])
  expect(found).toMatchObject({ runId: 7, remaining: [] })
  expect(found?.pids).toEqual(expect.arrayContaining(pids))
  expect(pids.filter(isAlive)).toEqual([])
})

linux('what cleared its environment is found through its session', async () => {
  const token = aToken()
  const pids = await anOrphan(
    markerOf(token, 1),
    'echo $$; env -i sh -c "echo \\$\\$; sleep 300"; true',
    2,
  )
  await endLeftovers(token, [1], 500)
  expect(pids.filter(isAlive)).toEqual([])
})

linux('what ignores TERM gets KILL after the grace', async () => {
  const token = aToken()
  const pids = await anOrphan(
    markerOf(token, 1),
    'trap "" TERM; echo $$; while :; do sleep 0.1; done',
    1,
  )
  expect(await endLeftovers(token, [1], 300)).toMatchObject([{ runId: 1, remaining: [] }])
  expect(pids.filter(isAlive)).toEqual([])
})

linux('a process that goes on forking is swept until nothing is left', async () => {
  const token = aToken()
  const [pid = 0] = await anOrphan(
    markerOf(token, 1),
    `trap "" TERM; echo $$; n=0; while [ $n -lt 400 ]; do n=$((n+1)); (trap "" TERM; sleep 2) & sleep 0.02; done`,
    1,
  )
  const [found] = await endLeftovers(token, [1], 300)
  expect(found?.remaining).toEqual([])
  expect(isAlive(pid)).toBe(false)
  expect(await endLeftovers(token, [1], 300)).toEqual([])
})

linux('other runs, other data directories and their processes are left alone', async () => {
  const [token, other] = [aToken(), aToken()]
  const kept = [
    ...(await anOrphan(markerOf(token, 11), 'echo $$; sleep 300; true', 1)),
    ...(await anOrphan(markerOf(other, 1), 'echo $$; sleep 300; true', 1)),
    ...(await anOrphan(`x${markerOf(token, 1)}`, 'echo $$; sleep 300; true', 1)),
  ]
  expect(await endLeftovers(token, [1], 300)).toEqual([])
  expect(kept.every(isAlive)).toBe(true)
})

linux('a server that was itself started by such a run does not end itself', async () => {
  const token = aToken()
  const leftovers = JSON.stringify(new URL('../../src/run/leftovers.ts', import.meta.url))
  const script = `
    const { endLeftovers } = await import(${leftovers})
    console.log(JSON.stringify(await endLeftovers(${JSON.stringify(token)}, [1], 200)))`
  const env = { ...process.env, RUNHOOK_RUN: markerOf(token, 1) }
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  expect(text.trim()).toBe('[]')
})

test('no runs, nothing to do', async () => {
  expect(await endLeftovers(aToken(), [])).toEqual([])
})
