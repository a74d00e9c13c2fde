/** The faults that a server meets in tests, and how it may answer each: short and at every change, or all. */

import { expect } from 'vitest'
import { counted, type Fault, faultyServer } from './faults.ts'
import { needs } from './needs.ts'

export interface Case extends Fault {
  readonly title: string
  /** Answers beside 202, of which there must be some. */
  readonly answers: readonly string[]
  /** Each reason of a run that failed; null = none may fail. */
  readonly reason: RegExp | null
}

const noFiles = /too many files are open\. Raise/
const noProcesses = /the system allows no more processes\. Raise/

export const FAULTS: readonly Case[] = [
  {
    title: 'no room for the log of the database',
    ...{ calls: 'pwrite64', error: 'ENOSPC', file: 'runhook.db-wal' },
    ...{ answers: ['503'], reason: null },
  },
  {
    title: 'a disk that fails to write',
    ...{ calls: 'pwrite64', error: 'EIO', answers: ['503'], reason: null },
  },
  {
    title: 'too many files, at each that is opened',
    ...{ calls: 'openat', error: 'EMFILE', answers: [], reason: noFiles },
  },
  {
    title: 'too many files, at each connection',
    ...{ calls: 'accept4', error: 'EMFILE', answers: ['ECONNRESET'], reason: null },
  },
  {
    title: 'too many processes',
    ...{ calls: 'clone,clone3,fork,vfork', error: 'EAGAIN', answers: [], reason: noProcesses },
  },
]

export function faultsTest(fault: Case, numbers: readonly number[]): void {
  needs('strace')(
    `${fault.title}: answered, kept, and gone on from`,
    async () => {
      const { answers, failures } = await faultyServer(fault, numbers)
      const count = counted(answers.values())
      console.info(fault.title, count, counted(failures))
      expect(Object.keys(count).filter((answer) => answer !== '202')).toEqual(fault.answers)
      const { reason } = fault
      expect(failures.filter((told) => !reason?.test(told))).toEqual([])
      expect(failures.length > 0).toBe(reason !== null)
    },
    3_600_000,
  )
}
