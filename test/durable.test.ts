/**
 * "Acknowledged means kept", seen from outside by strace: which system calls come before an answer, and
 * what becomes of a server whose disk fails.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { needs } from './needs.ts'
import { aPushBody, asGitHub } from './receive/receiver.ts'
import { aRunhook } from './running.ts'
import { aDirectory, SECRET, until } from './some.ts'

const hooks = {
  site: { repo: 'github:acme/site', on: 'push', secret: SECRET, run: 'echo deployed' },
}

/** Its own branch each, so that none is a repeat. */
function aPush(number: number) {
  const body = aPushBody({ ref: `refs/heads/branch-${number}` })
  return { body, headers: asGitHub(body, { 'x-github-delivery': `guid-${number}` }) }
}

needs('strace')(
  'every 2xx comes after a sync of the log that came after its delivery was read',
  { timeout: 120_000 },
  async () => {
    const directory = aDirectory()
    const trace = join(aDirectory(), 'trace') // not where the server watches its hooks file
    const calls = 'read,readv,write,writev,pwrite64,fdatasync'
    const under = ['strace', '-D', '-f', '-qq', '-y', '-s', '9000', '-e', `trace=${calls}`]
    const server = await aRunhook({ directory, hooks, under: [...under, '-o', trace] })
    const rounds = 20
    for (let n = 0; n < rounds; n++) {
      expect((await server.post('/hooks/site', aPush(n))).status).toBe(202)
    }
    await server.stop()
    const answers = syncedAnswers(readFileSync(trace, 'utf8'))
    expect(answers).toHaveLength(rounds)
    expect(answers.every((synced) => synced)).toBe(true)
  },
)

/**
 * For each answer of 202: was the delivery written to the log, and did a sync that began after that come to
 * its end, before the answer? One sync is under way at a time; in the trace of several threads its end may
 * stand on a line of its own.
 */
function syncedAnswers(trace: string): boolean[] {
  const answers: boolean[] = []
  let [written, covers, synced] = [false, false, false]
  for (const line of trace.split('\n')) {
    const inLog = /pwrite64\(.*runhook\.db-wal>/.test(line)
    if (inLog && line.includes(`guid-${answers.length}`)) [written, synced] = [true, false]
    if (line.includes('fdatasync(')) covers = written
    if (/fdatasync.*= 0$/.test(line) && covers) synced = true
    if (!line.includes('"HTTP/1.1 202')) continue
    answers.push(synced)
    ;[written, covers, synced] = [false, false, false]
  }
  return answers
}

needs('strace')(
  'a disk that fails to sync: nothing is acknowledged, the server ends, and the next one goes on',
  { timeout: 120_000 },
  async () => {
    const directory = aDirectory()
    const inject = 'inject=fdatasync:error=EIO:when=4+'
    const under = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync']
    const failing = await aRunhook({ directory, hooks, under: [...under, '-e', inject] })
    const statuses: number[] = []
    for (let n = 0; n < 10 && !statuses.includes(503); n++) {
      statuses.push((await failing.post('/hooks/site', aPush(n))).status)
    }
    expect(statuses.at(-1)).toBe(503)
    await until(() => failing.child.exitCode !== null, 'the end of the server')
    expect(failing.child.exitCode).toBe(1)
    expect(failing.output()).toContain('What was written cannot be trusted')

    const next = await aRunhook({ directory })
    const acknowledged = statuses.filter((status) => status === 202).length
    const again = aPush(acknowledged) // what was refused is sent once more
    expect((await next.post('/hooks/site', again)).status).toBeLessThan(300)
    await until(async () => {
      const { runs } = JSON.parse((await next.cli('runs', '--json')).stdout)
      const ended = runs.filter(
        (run: { status: string }) => ['success', 'interrupted'].includes(run.status), // what ran when the server ended
      )
      return ended.length === runs.length && runs.length > acknowledged
    }, 'all runs')
    await next.stop()
    const database = new DatabaseSync(join(directory, '.runhook/runhook.db'))
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    database.close()
  },
)

needs('strace')(
  'a database that cannot be read: the start says so or succeeds, and the next one has everything',
  { timeout: 120_000 },
  async () => {
    const directory = aDirectory()
    const first = await aRunhook({ directory, hooks })
    expect((await first.post('/hooks/site', aPush(0))).status).toBe(202)
    await first.stop()
    const database = join(directory, '.runhook/runhook.db')
    const ended: number[] = []
    for (const n of [1, 2, 3, 5, 8, 13, 20]) {
      const inject = `inject=pread64:error=EIO:when=${n}`
      const how = ['-o', '/dev/null', '-P', database, '-e', 'trace=pread64', '-e', inject]
      const under = ['strace', '-D', '-f', '-qq', ...how]
      const told = await aRunhook({ directory, hooks, under }).then(
        (server) => server.stop().then(() => ''),
        (error: Error) => error.message,
      )
      if (told === '') continue
      ended.push(n)
      expect(told).toContain('runhook ended at its start')
      expect(told).toMatch(/error: (The data directory \S+ cannot be used|The database refused)/)
      expect(told).not.toMatch(/\n {4}at /)
    }
    expect(ended).not.toEqual([])
    const last = await aRunhook({ directory, hooks })
    const { deliveries } = JSON.parse((await last.cli('deliveries', '--json')).stdout)
    expect(deliveries).toMatchObject([{ guid: 'guid-0' }])
    await last.stop()
  },
)
