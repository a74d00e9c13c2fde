/**
 * Real files, changed in the ways that editors, deploys and Kubernetes change them.
 */

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { watchConfig } from '../../src/hooks/watch.ts'

/** Longer than the watcher waits for writers to finish. */
const settled = 350

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runhook-watch-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function watching(...files: string[]) {
  const changed = vi.fn()
  const watcher = watchConfig(files, changed)
  onTestFinished(() => watcher.close())
  return { changed, close: () => watcher.close() }
}

describe('a change is noticed', () => {
  test('when the file is written in place, once for many writes', async () => {
    const file = join(aFolder(), 'hooks.json')
    writeFileSync(file, '{}')
    const { changed } = watching(file)
    writeFileSync(file, '')
    appendFileSync(file, '{ "hooks": ')
    appendFileSync(file, '{} }')
    await vi.waitFor(() => expect(changed).toHaveBeenCalled())
    await sleep(settled)
    expect(changed).toHaveBeenCalledTimes(1)
    writeFileSync(file, '{ "hooks": {} } ')
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2))
  })

  test('when another file is renamed over it, each time', async () => {
    const folder = aFolder()
    const file = join(folder, 'hooks.json')
    writeFileSync(file, '{}')
    const { changed } = watching(file)
    for (const times of [1, 2, 3]) {
      writeFileSync(join(folder, '.hooks.json.swp'), '{}')
      renameSync(join(folder, '.hooks.json.swp'), file)
      await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(times))
    }
  })

  test("when Kubernetes swaps the link to the file's folder", async () => {
    const folder = aFolder()
    const version = (name: string, text: string) => {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'hooks.json'), text)
      symlinkSync(name, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    version('..1', '{}')
    symlinkSync('..data/hooks.json', join(folder, 'hooks.json'))
    const { changed } = watching(join(folder, 'hooks.json'))
    version('..2', '{ "hooks": {} }')
    rmSync(join(folder, '..1'), { recursive: true })
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
    await sleep(settled)
    version('..3', '{ "hooks": {} } ')
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2))
  })

  test('when the file is a link into another folder, and is written there', async () => {
    const [folder, other] = [aFolder(), aFolder()]
    writeFileSync(join(other, 'real.json'), '{}')
    symlinkSync(join(other, 'real.json'), join(folder, 'hooks.json'))
    const { changed } = watching(join(folder, 'hooks.json'))
    writeFileSync(join(other, 'real.json'), '{ }')
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
  })

  test('when .env appears beside it, and when it goes', async () => {
    const folder = aFolder()
    writeFileSync(join(folder, 'hooks.json'), '{}')
    const { changed } = watching(join(folder, 'hooks.json'), join(folder, '.env'))
    writeFileSync(join(folder, '.env'), 'A=1')
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
    rmSync(join(folder, '.env'))
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2))
  })

  test('when its folder was away for a while', async () => {
    const folder = join(aFolder(), 'config')
    mkdirSync(folder)
    writeFileSync(join(folder, 'hooks.json'), '{}')
    const { changed } = watching(join(folder, 'hooks.json'))
    rmSync(folder, { recursive: true })
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
    mkdirSync(folder)
    writeFileSync(join(folder, 'hooks.json'), '{}')
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(2), { timeout: 4000 })
    writeFileSync(join(folder, 'hooks.json'), '{ "hooks": {} }')
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(3), { timeout: 4000 })
  })
})

describe('nothing is called', () => {
  test('for other files of the folder', async () => {
    const folder = aFolder()
    writeFileSync(join(folder, 'hooks.json'), '{}')
    const { changed } = watching(join(folder, 'hooks.json'))
    writeFileSync(join(folder, 'output.log'), 'x')
    await sleep(settled)
    expect(changed).not.toHaveBeenCalled()
  })

  test('after it was closed', async () => {
    const file = join(aFolder(), 'hooks.json')
    writeFileSync(file, '{}')
    const { changed, close } = watching(file)
    writeFileSync(file, '{ }')
    close()
    await sleep(settled)
    expect(changed).not.toHaveBeenCalled()
  })

  test('and nothing ends, where there is no folder to watch', async () => {
    const { changed } = watching(join(aFolder(), 'none', 'hooks.json'))
    await sleep(settled)
    expect(changed).not.toHaveBeenCalled()
  })
})
