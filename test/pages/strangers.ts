/**
 * A world in which every field that a page shows was written by a stranger, names that the hooks file would
 * refuse and rows that only a hand in the database could write among them. `text` gives the n-th text; with
 * harmless ones it is the same world, whose pages must have the same elements.
 */

import { aDeployed, aFleet, aRollout, aWorker } from '../show/fleet.ts'
import { aRun, aStatus, aStep, aStored, aWorld, partsOf } from '../show/world.ts'
import { aHook, aPush, aTrigger } from '../some.ts'
import { type FleetSite, pagesOver } from './fleet-site.ts'
import { inOneLine } from './payloads.ts'

export type Text = (n: number) => string

const NOW = Date.now()
const times = <T>(count: number, of: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => of(i))

/** Each of its pages has `count` texts: of a run, a delivery and a hook there are as many as there are texts. */
export async function aStrangersSite(count: number, text: Text): Promise<FleetSite> {
  const world = aWorld()
  const all = times(count, text)
  const joined = all.join(' ')
  world.hooks.push(
    ...all.map((name) => aHook({ name, path: `/${name}`, respond: 'output' })),
    theHook(all),
  )
  world.runs.push(
    ...times(count, (n) => run(n + 1, text(n), text)),
    ...times(20, (n) => run(n + 101, 'h', text)),
  )
  world.deliveries.push(...times(count, (n) => delivery(n, all, text)))
  world.refusals.push(
    ...times(count, (n) => {
      const [method, path, address, reason] = four(n, text)
      return {
        ...{ method, path, address, reason },
        status: 401,
        count: 1,
        firstAt: NOW,
        lastAt: NOW,
      }
    }),
  )
  const steps = times(count, (n) => {
    const named = { name: text(n), title: text(n + 1), reason: text(n + 2), signal: text(n + 3) }
    return aStep({ number: n + 1, ...named, status: 'failure' })
  })
  world.steps.set(1, steps)
  world.steps.set(
    2,
    steps.map((step) => ({ ...step, name: null })),
  )
  for (const id of [1, 101]) await world.wrote(id, `${all.map(inOneLine).join('\n')}\n`)
  world.fleet = fleet(count, all, text)
  world.control = { status: () => aStatus({ configProblem: joined, url: `http://${text(3)}` }) }
  const parts = partsOf(world)
  const row = (n: number) => {
    const [who, address, object, outcome] = four(n, text)
    return {
      ...{ id: n + 1, at: NOW, who, via: 'token', what: 'run.cancel' },
      address,
      object,
      outcome,
    }
  }
  return pagesOver({
    ...parts,
    store: { ...parts.store, configText: async () => JSON.stringify({ [joined]: joined }) },
    audit: {
      list: async ({ before = 1e9 }) =>
        times(count, row)
          .filter(({ id }) => id < before)
          .slice(0, 51),
    },
    watchAll: world.moves.watchAll.bind(world.moves),
    closing: new AbortController().signal,
    redact: (text) => text,
    hooksFile: () => ({ problem: joined, mistakes: joined, since: NOW }),
  })
}

const four = (n: number, text: Text) => [text(n), text(n + 1), text(n + 2), text(n + 3)] as const

/** Its name is one that an address can have. */
function theHook(all: readonly string[]) {
  const kinds = ['string', 'choice'] as const
  return aHook({
    name: 'h',
    path: `/${all[0]}`,
    host: 'webhook',
    repositories: all.map((name) => ({ host: 'github', name })),
    triggers: all.map((one) => aTrigger({ event: one, branches: [one], tags: [one] })),
    inputs: all.flatMap((one, n) =>
      kinds.map((type) => ({
        ...{ name: `${one}-${type}`, type, description: one, required: false, default: one },
        options: type === 'choice' ? [one, all[n - 1] ?? 'x'] : null,
        maxLength: 100_000,
      })),
    ),
    secrets: all.map((name) => ({ name, value: name })),
    env: Object.fromEntries(all.map((one) => [one, one])),
    access: { users: [], login: false, from: all },
    open: true,
    respond: 'output',
    placement: { label: all[1] ?? '', every: true, catchUp: true, maxParallel: 1, failFast: true },
  })
}

function run(id: number, hook: string, text: Text) {
  const n = id - 1
  return aRun({
    ...{
      id,
      hook,
      deliveryId: (n % 100) + 1,
      queuedAt: NOW,
      startedAt: NOW,
      finishedAt: NOW,
      attempt: 2,
    },
    ...{
      status: 'failure',
      event: text(n + 1),
      refName: text(n + 2),
      sha: text(n + 3),
      sender: text(n + 4),
    },
    ...{
      reason: text(n + 5),
      signal: text(n + 6),
      worker: text(n + 7),
      config: text(n + 8),
      exitCode: null,
    },
    inputs: { [text(n + 9)]: text(n + 10) },
  })
}

function delivery(n: number, all: readonly string[], text: Text) {
  const id = n + 1
  const wish = (i: number) => {
    const check = { rule: text(i), wanted: text(i + 1), found: text(i + 2), says: text(i + 3) }
    return {
      hook: text(i + 4),
      update: i % 2,
      matched: false,
      run: null,
      checks: [{ ...check, result: 'fail' as const }],
    }
  }
  const update = aPush(text(n + 1), {
    message: text(n + 2),
    tag: text(n + 3),
    sha: text(n + 4),
    files: [...all],
  })
  const pairs = Object.fromEntries(
    n === 0 ? all.map((one, i) => [one, text(i + 1)]) : [[text(n), text(n + 1)]],
  )
  return aStored({
    ...{
      id,
      receivedAt: NOW,
      endpoint: text(n),
      guid: text(n + 5),
      event: text(n + 6),
      action: text(n + 7),
    },
    ...{
      repository: text(n + 8),
      defaultBranch: text(n + 9),
      sender: text(n + 10),
      proof: text(n + 11),
    },
    ...{ address: text(n + 12), problem: text(n + 13), updates: [update, update], headers: pairs },
    verdicts: n === 0 ? times(all.length, wish) : [wish(n)],
    // Odd ones are no JSON, and what was said in place of an output is theirs too.
    body: Buffer.from(
      n % 2 ? text(n + 14) : JSON.stringify({ ...pairs, list: [pairs, text(n + 14)] }),
    ),
    answer: {
      json: n % 3 === 0,
      output: 'text',
      runs: [1],
      status: 500,
      says: n % 2 ? text(n + 15) : null,
    },
  })
}

function fleet(count: number, all: readonly string[], text: Text) {
  const worker = (n: number) => {
    const [name, version, host, label] = four(n, text)
    return aWorker({
      name,
      version,
      host,
      labels: [label, text(n + 4)],
      state: 'lost',
      seenAt: NOW,
    })
  }
  const has = (n: number) =>
    aDeployed({
      worker: text(n),
      hook: text(n + 1),
      sha: text(n + 2),
      successSha: text(n + 3),
      refName: text(n + 4),
    })
  const member = (n: number) =>
    aRun({
      id: n + 201,
      hook: text(n),
      worker: text(n + 1),
      reason: text(n + 2),
      status: 'failure',
      rollout: 201,
    })
  const rollout = aRollout({
    id: 201,
    hook: 'h',
    label: all[2] ?? '',
    stopped: all.join(' '),
    runs: times(count, member),
  })
  return aFleet({
    workers: times(count, worker),
    deployed: times(count, has),
    rollouts: [
      rollout,
      ...times(10, (n) => ({ ...rollout, id: 202 + n, label: text(n), stopped: text(n + 1) })),
    ],
  })
}
