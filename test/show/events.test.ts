import { request } from 'node:http'
import { expect, test } from 'vitest'
import type { StepRecord } from '../../src/model/run.ts'
import type { RunEvent } from '../../src/show/events.ts'
import { until } from '../some.ts'
import { aRun, aStep, ask, aWorld, NOW, serveWorld, type World } from './world.ts'

async function served() {
  const world = aWorld()
  await serveWorld(world)
  return world
}

function eventsIn(text: string): RunEvent[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Starts to read the events of a run; `text` grows as they come. */
function listen(world: World, path: string) {
  const heard = { text: '', done: false }
  const options = { socketPath: world.socket, path: `/api/v1${path}`, agent: false }
  const asking = request(options, (answer) => {
    answer.setEncoding('utf8').on('data', (text: string) => {
      heard.text += text
    })
    answer.on('end', () => {
      heard.done = true
    })
  })
  asking.on('error', () => undefined)
  asking.end()
  return { heard, leave: () => asking.destroy() }
}

test('of a run that has ended, each step is told where its output begins', async () => {
  const world = await served()
  world.runs.push(aRun())
  await world.wrote(142, 'pulled\nmigrated\n')
  const steps = [
    aStep({ number: 1, outputFrom: 0, outputTo: 7 }),
    aStep({ number: 2, title: 'migrate', outputFrom: 7, outputTo: 16 }),
    aStep({ number: 3, title: 'true', outputFrom: 16, outputTo: 16 }),
  ]
  world.steps.set(142, steps)
  const { text, headers } = await ask(world, '/runs/142/events')
  expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
  expect(eventsIn(text)).toEqual([
    { step: steps[0] },
    { output: 'pulled\n' },
    { step: steps[1] },
    { output: 'migrated\n' },
    { step: steps[2] },
    { end: aRun() },
  ])
})

test('a character that two pieces share is told once and whole', async () => {
  const world = await served()
  world.runs.push(aRun())
  // The log is read 64 kB at a time, and "é" lies across that mark.
  const output = `${'x'.repeat(64 * 1024 - 1)}é!`
  await world.wrote(142, output)
  const events = eventsIn((await ask(world, '/runs/142/events')).text)
  const told = events.map((event) => ('output' in event ? event.output : '')).join('')
  expect(told).toBe(output)
})

test('a reader may begin later in the output', async () => {
  const world = await served()
  world.runs.push(aRun())
  await world.wrote(142, 'one\ntwo\n')
  expect(eventsIn((await ask(world, '/runs/142/events?from=4')).text)).toEqual([
    { output: 'two\n' },
    { end: aRun() },
  ])
})

test('of a live run everything is told as it comes: waiting, start, steps, output, end', async () => {
  const world = await served()
  const waiting = aRun({ status: 'queued', startedAt: null, finishedAt: null, exitCode: null })
  const running = { ...waiting, status: 'running' as const, startedAt: NOW }
  const ended = { ...running, status: 'success' as const, finishedAt: NOW + 1000, exitCode: 0 }
  const live: StepRecord[] = []
  world.control = { steps: () => live }
  world.runs.push(waiting)
  const { heard } = listen(world, '/runs/142/events')
  await until(() => heard.text.includes('queued'), 'the waiting run')

  const writer = world.output.open(142)
  live.push(aStep({ finishedAt: null, exitCode: null, outputTo: null }))
  world.moved(running)
  await until(() => heard.text.includes('git pull'), 'the first step, before it says anything')
  writer.write(Buffer.from('pulled\n'))
  await until(() => heard.text.includes('pulled'), 'its output, while it runs')
  live[0] = aStep({ outputTo: 7 })
  live.push(aStep({ number: 2, title: 'true', outputFrom: 7, outputTo: 7 }))
  world.moves.tell(142)
  await until(() => heard.text.includes('"number":2'), 'the second step')
  await writer.close()
  world.steps.set(142, [...live])
  world.moved(ended)
  await until(() => heard.done, 'the end')

  expect(eventsIn(heard.text)).toEqual([
    { run: waiting },
    { run: running },
    { step: aStep({ finishedAt: null, exitCode: null, outputTo: null }) },
    { output: 'pulled\n' },
    { step: aStep({ outputTo: 7 }) },
    { step: aStep({ number: 2, title: 'true', outputFrom: 7, outputTo: 7 }) },
    { end: ended },
  ])
})

test('a run that is cancelled while it waits ends without output', async () => {
  const world = await served()
  const waiting = aRun({ status: 'queued', startedAt: null, finishedAt: null, exitCode: null })
  const cancelled = { ...waiting, status: 'cancelled' as const, reason: 'superseded by run 143' }
  world.runs.push(waiting)
  const { heard } = listen(world, '/runs/142/events')
  await until(() => heard.text.includes('queued'), 'the waiting run')
  world.moved(cancelled)
  await until(() => heard.done, 'the end')
  expect(eventsIn(heard.text)).toEqual([{ run: waiting }, { end: cancelled }])
})

test('output whose middle was cut out while it was followed is not told twice', async () => {
  const world = await served()
  const running = aRun({ status: 'running', finishedAt: null, exitCode: null })
  world.runs.push(running)
  const { heard } = listen(world, '/runs/142/output?follow=true')
  const writer = world.output.open(142)
  const line = `${'y'.repeat(99)}\n`
  // More than the log keeps (1 MB of the beginning, 3 MB of the end), at a pace that can be followed.
  let sent = 0
  for (let block = 0; block < 60; block++) {
    writer.write(Buffer.from(line.repeat(1000)))
    sent += line.length * 1000
    await until(() => heard.text.length >= sent, `block ${block}`)
  }
  await writer.close()
  world.moved(aRun())
  await until(() => heard.done, 'the end')
  expect(heard.text.length).toBe(sent)
})

test('a reader who leaves lets go of the run', async () => {
  const world = await served()
  world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  const writer = world.output.open(142)
  const asked: number[] = []
  world.control = {
    steps: () => {
      asked.push(Date.now())
      return []
    },
  }
  const { heard, leave } = listen(world, '/runs/142/events')
  await until(() => heard.text.includes('running'), 'the run')
  leave()
  await until(() => Date.now() - (asked.at(-1) ?? 0) > 500, 'silence')
  await writer.close()
})

test('a run whose log is never closed ends all the same', async () => {
  const world = await served()
  world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  const live = aStep({ finishedAt: null, outputTo: null })
  world.control = { steps: () => [live] }
  const writer = world.output.open(142)
  writer.write(Buffer.from('half a line'))
  const { heard } = listen(world, '/runs/142/events')
  await until(() => heard.text.includes('half a line'), 'the output')
  world.moved(aRun({ status: 'interrupted', exitCode: null }))
  await until(() => heard.done, 'the end')
  expect(eventsIn(heard.text).at(-1)).toEqual({
    end: aRun({ status: 'interrupted', exitCode: null }),
  })
  await writer.close()
})

test('a step that becomes known while it prints is told before what it wrote', async () => {
  const world = await served()
  world.runs.push(aRun({ status: 'running', finishedAt: null, exitCode: null }))
  const writer = world.output.open(142)
  const live: StepRecord[] = [aStep({ finishedAt: null, outputTo: null })]
  world.control = { steps: () => live }
  const { heard } = listen(world, '/runs/142/events')
  writer.write(Buffer.from('of the first'))
  await until(() => heard.text.includes('of the first'), 'its output')
  live.push(aStep({ number: 2, outputFrom: writer.written, finishedAt: null, outputTo: null }))
  writer.write(Buffer.from('of the second')) // no word of the step has come
  await until(() => heard.text.includes('of the second'), 'its output')
  await writer.close()
  world.steps.set(142, live)
  world.moved(aRun())
  await until(() => heard.done, 'the end')
  const events = eventsIn(heard.text).slice(-3)
  expect(events).toEqual([{ step: live[1] }, { output: 'of the second' }, { end: aRun() }])
})
