/** From the overview it is at most three clicks to why a delivery ran nothing, and to what can be done. */

import { describe, expect, test } from 'vitest'
import { SECRET, until } from '../some.ts'
import { aSite, pushed, type Site } from './site.ts'

const hooks = {
  'deploy-site': pushed('true', {
    on: { push: { branches: ['main', 'bad;name'], paths: ['src/**'] } },
    match: { 'payload.head_commit.message': { not: '*[skip ci]*' } },
    concurrency: { queue: 'max' },
  }),
  off: pushed('true', { enabled: false }),
  inside: pushed('true', { 'allow-from': ['10.0.0.0/8'] }),
}

const src = { commits: [{ id: 'a', message: '', added: [], removed: [], modified: ['src/a.py'] }] }
const again = {
  before: 'b'.repeat(40),
  after: 'c'.repeat(40),
  nonce: 'same',
  ...src,
}

interface Case {
  /** Pushes once or twice. */
  send(site: Site): Promise<unknown>
  /** Parts of the addresses that are clicked, one after the other. */
  clicks: string[]
  says: string
  /** What to do about it. */
  advice: string
}

const pushes = (fields: object, more: object = {}, hook = 'deploy-site') => {
  return (site: Site) => site.push({ ...src, ...fields }, { ...more }, hook)
}
const verdict = ['/-/deliveries/']

const cases: Record<string, Case> = {
  'its signature is wrong': {
    send: pushes({}, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }),
    clicks: ['/-/refused?path=%2Fhooks%2Fdeploy-site'],
    says: 'signature matches no secret',
    advice:
      'Compare the secret at GitHub with secret 1: an admin sees it at /-/hooks/deploy-site/setup',
  },
  'there is no such hook': {
    send: pushes({}, {}, 'deploy-sit'),
    clicks: ['/-/refused'],
    says: 'no hook answers at /hooks/deploy-sit',
    advice: 'Did it mean <code>/hooks/deploy-site</code>?',
  },
  'its address may not call': {
    send: pushes({}, {}, 'inside'),
    clicks: ['/-/refused?path=%2Fhooks%2Finside'],
    says: 'outside &quot;allow-from&quot; (10.0.0.0/8)',
    advice: 'write it into &quot;allow-from&quot;',
  },
  'its branch is another': {
    send: pushes({ ref: 'refs/heads/topic' }),
    clicks: verdict,
    says: 'topic is not in [main, bad;name]',
    advice: 'write it into &quot;branches&quot;',
  },
  'its files are others': {
    send: pushes({ commits: [{ ...src.commits[0], modified: ['README.md'] }] }),
    clicks: verdict,
    says: 'the changed file does not match [src/**]: README.md',
    advice: 'write them into &quot;paths&quot;',
  },
  'its message says so': {
    send: pushes({ head_commit: { message: 'Typo [skip ci]' } }),
    clicks: verdict,
    says: 'payload.head_commit.message',
    advice: 'under &quot;match&quot;',
  },
  'the name of its branch is dangerous': {
    send: pushes({ ref: 'refs/heads/bad;name' }),
    clicks: verdict,
    says: 'has characters outside',
    advice: '&quot;allow-unusual-refs&quot;: true',
  },
  'its hook is switched off': {
    send: pushes({}, {}, 'off'),
    clicks: verdict,
    says: 'is switched off',
    advice: 'Take &quot;enabled&quot;: false out',
  },
  'it came twice': {
    async send(site) {
      await site.push(again, { 'x-github-delivery': 'one' })
      await site.push(again, { 'x-github-delivery': 'one' })
    },
    clicks: verdict,
    says: 'delivery 1 already started run #1',
    advice: 'press Redeliver',
  },
  'its content came before': {
    async send(site) {
      await site.push(again, { 'x-github-delivery': 'one' })
      await site.push(again, { 'x-github-delivery': 'two' })
    },
    clicks: verdict,
    says: 'replay',
    advice: 'press Redeliver',
  },
}

/** Follows the first link that begins like this; where the page has none, there is no such click. */
async function follow(site: Site, path: string, wanted: string): Promise<string> {
  const { text } = await site.get(path)
  const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href)
  const found = links.find((href) => href.replaceAll('&amp;', '&').startsWith(wanted))
  expect(found, `a link to ${wanted} on ${path}`).toBeDefined()
  return (found ?? '').replaceAll('&amp;', '&')
}

async function afterClicks(site: Site, clicks: readonly string[]): Promise<string> {
  let at = '/-/'
  for (const wanted of clicks) at = await follow(site, at, wanted)
  return (await site.get(at)).text
}

describe('a delivery that ran nothing, because', () => {
  test.each(Object.entries(cases))('%s', async (_, { send, clicks, says, advice }) => {
    const site = await aSite(hooks)
    await send(site)
    expect(clicks.length).toBeLessThanOrEqual(3)
    await until(async () => (await afterClicks(site, clicks)).includes(says), says)
    expect(await afterClicks(site, clicks)).toContain(advice)
  })

  test('it came twice says how the run that it came for stands by now', async () => {
    const site = await aSite({ 'deploy-site': pushed('sleep 60') })
    for (let count = 0; count < 2; count++) await site.push(again, { 'x-github-delivery': 'one' })
    const at = '/-/deliveries/2'
    const of = '<a href="/-/runs/1">run #1</a> of <a href="/-/deliveries/1">delivery #1</a>'
    const says = async (words: string) => (await site.get(at)).text.includes(words)
    await until(() => says(`It was not lost: ${of} is under way.`), 'its run')
    expect((await site.get(at)).text).toContain('<dd>delivery #1</dd>')
    await site.form('/-/runs/1/cancel')
    await until(() => says(`Its work is not done: ${of} was cancelled.`), 'its end')
    expect((await site.get(at)).text).not.toContain('not lost')
  })

  test('as many runs wait as may', async () => {
    const site = await aSite(
      { 'deploy-site': pushed('sleep 60', { concurrency: { queue: 'max' } }) },
      { server: { 'max-waiting': 1 } },
    )
    for (let count = 0; count < 3; count++) await site.push()
    await until(async () => (await site.get('/-/refused')).text.includes('As many runs wait'), 'it')
    const text = await afterClicks(site, ['/-/refused?path=%2Fhooks%2Fdeploy-site'])
    expect(text).toContain('As many runs wait as may (1)')
    expect(text).toContain('Send it again at the host when runs have ended')
  })
})

test('every condition that does not hold is named, and once what to do', async () => {
  const match = {
    'payload.sender.login': 'octocat',
    'payload.ref': 'refs/*',
    'header.x-env': 'prod*',
  }
  const site = await aSite({ 'deploy-site': pushed('true', { match }) })
  await site.push()
  const { text } = await site.get('/-/deliveries/1')
  const both = [
    'payload.sender.login is ada, wants octocat',
    'header.x-env is not there, wants prod*',
  ]
  for (const says of both) expect(text).toContain(says)
  expect(text.match(/c-fail/g)).toHaveLength(2)
  expect(text.match(/class="advice"/g)).toHaveLength(1)
  expect((await site.get('/-/deliveries')).text).toContain(`deploy-site: match, ${both.join('; ')}`)
  expect((await site.get('/-/')).text).toContain(both.join('; '))
  expect(site.told.join('\n')).toContain(`ignored (deploy-site: ${both.join(', ')})`)
})

test('a dry run says what would run and what would not, and the delivery what did not', async () => {
  const site = await aSite({
    'deploy-site': pushed('true', { on: { push: { branches: ['main'] } } }),
  })
  await site.push({ ref: 'refs/heads/topic' })
  await site.push()
  const saidOf = async (id: number) => {
    const { text } = await site.get(`/-/deliveries/${id}?dry-run=yes`)
    return [...text.matchAll(/class="outcome[^>]*>(?:<svg.*?<\/svg>)?([^<]*)/g)].map(([, says]) =>
      says?.trim(),
    )
  }
  expect(await saidOf(1)).toEqual(['would not run', 'did not run'])
  expect(await saidOf(2)).toEqual(['would run', 'run #1'])
  const { text } = await site.get('/-/deliveries/1')
  expect(text).toContain('did not run')
  expect(text).not.toContain('would not run')
})

describe('a run that did not begin, because', () => {
  test('another of its group is under way, or a newer one took its place', async () => {
    const site = await aSite({ 'deploy-site': pushed('sleep 60') })
    await site.push()
    // One that has not begun yet would be superseded itself.
    await until(async () => (await site.get('/-/')).text.includes('1 running'), 'the first')
    for (let count = 0; count < 2; count++) await site.push()
    const waits = 'waits for <a href="/-/runs/1">run #1</a>: of one group they go one at a time'
    expect((await site.get('/-/')).text).toContain(waits)
    expect(await afterClicks(site, ['/-/runs/3'])).toContain(`It ${waits}.`)
    expect(await afterClicks(site, ['/-/runs'])).toContain('superseded by run 3')
    expect(await afterClicks(site, ['/-/deliveries', '/-/deliveries/2', '/-/runs/2'])).toContain(
      'superseded by run 3',
    )
  })

  test('as many are under way as its hook, or the server, lets be', async () => {
    const site = await aSite(
      {
        'deploy-site': pushed('sleep 60', { 'max-parallel': 1, concurrency: false }),
        other: { on: 'manual', secret: SECRET, run: 'true' },
      },
      { server: { 'max-parallel': 1 } },
    )
    for (let count = 0; count < 2; count++) await site.push()
    await site.form('/-/hooks/other/run')
    const { text } = await site.get('/-/')
    expect(text).toContain('waits for another run of deploy-site to end')
    expect((await site.get('/-/runs/2')).text).toContain('It waits for another run of deploy-site')
    expect(text).toContain('waits for any run to end')
  })
})
