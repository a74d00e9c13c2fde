import { spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Pipe, PipePool } from '../../src/run/pipe.ts'
import { aDirectory, until } from '../some.ts'

const aPool = () => {
  const directory = join(aDirectory(), 'pipes')
  return { directory, pool: new PipePool(directory) }
}

/** Writes a text, lets go, and gives what was read. */
async function through(pipe: Pipe, text: string) {
  let read = ''
  pipe.reader.start((chunk) => {
    read += chunk
  })
  writeSync(pipe.writeFd, text)
  pipe.closeWrite()
  expect(await pipe.reader.drain()).toBe(true)
  return read
}

test('what is written at one end is read at the other, and only this user may open it', async () => {
  const { directory, pool } = aPool()
  const pipe = await pool.take()
  expect(await through(pipe, 'hello')).toBe('hello')
  pipe.release()
  const [name = ''] = readdirSync(directory)
  expect(statSync(join(directory, name)).isFIFO()).toBe(true)
  expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
})

test('a pipe whose end was seen is used again, and carries nothing over', async () => {
  const { directory, pool } = aPool()
  for (let round = 0; round < 100; round += 1) {
    const pipe = await pool.take()
    expect(await through(pipe, `round ${round}`)).toBe(`round ${round}`)
    pipe.release()
  }
  expect(readdirSync(directory)).toHaveLength(16)
})

test('a pipe that somebody still holds is never used again', async () => {
  const { directory, pool } = aPool()
  const pipe = await pool.take()
  pipe.reader.start(() => {})
  expect(await pipe.reader.drain()).toBe(false)
  pipe.release()
  expect(readdirSync(directory)).toHaveLength(15)
})

test('many at once get one each', async () => {
  const { pool } = aPool()
  const pipes = await Promise.all(Array.from({ length: 40 }, () => pool.take()))
  const texts = await Promise.all(pipes.map((pipe, index) => through(pipe, `pipe ${index}`)))
  expect(texts).toEqual(pipes.map((_, index) => `pipe ${index}`))
  for (const pipe of pipes) pipe.release()
})

test('what an earlier process left in the directory is removed at the start', () => {
  const { directory } = aPool()
  writeFileSync(join(directory, 'old'), '')
  new PipePool(directory)
  expect(existsSync(join(directory, 'old'))).toBe(false)
})

test('pipes that somebody tidied away are replaced', async () => {
  const { directory, pool } = aPool()
  const first = await pool.take()
  await through(first, '')
  first.release()
  for (const name of readdirSync(directory)) rmSync(join(directory, name))
  const second = await pool.take()
  expect(await through(second, 'still works')).toBe('still works')
  second.release()
})

test('where no pipe can be made, the reason is given', async () => {
  const { directory, pool } = aPool()
  rmSync(directory, { recursive: true })
  await expect(pool.take()).rejects.toThrow(/^cannot make pipes in .*No such file or directory/s)
})

test('what is written while its command goes on is read long before that ends', async () => {
  const { pool } = aPool()
  const pipe = await pool.take()
  let read = ''
  pipe.reader.start((chunk) => {
    read += chunk
  })
  writeSync(pipe.writeFd, 'early ')
  await until(() => read === 'early ')
  writeSync(pipe.writeFd, 'late')
  pipe.closeWrite()
  expect(await pipe.reader.drain()).toBe(true)
  expect(read).toBe('early late')
  pipe.release()
})

test('what another process still holds and writes is waited for, not for ever', async () => {
  const { pool } = aPool()
  const pipe = await pool.take()
  let read = ''
  pipe.reader.start((chunk) => {
    read += chunk
  })
  const holder = spawn('sh', ['-c', 'echo one; sleep 0.3; echo two'], {
    stdio: ['ignore', pipe.writeFd, 'ignore'],
  })
  pipe.closeWrite()
  expect(await pipe.reader.drain()).toBe(true)
  expect(read).toBe('one\ntwo\n')
  expect(holder.killed).toBe(false)
  pipe.release()
})
