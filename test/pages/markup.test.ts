/** What strangers write into every field of a page stays text: no dialog, no node, no breach of the policy. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { aSite as aSiteWithDoor } from '../access/site.ts'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { SECRET, until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { inOneLine, latin, payloads } from './payloads.ts'
import { aSite } from './site.ts'
import { aStrangersSite } from './strangers.ts'

const m = 'data-injected'
const COUNT = payloads.length

/** Of a document what strangers may have made, and all its elements with the names of their attributes. */
const LOOK = `(document) => {
  const all = [...document.querySelectorAll('*')]
  const attributes = all.flatMap((node) => [...node.attributes].map((one) => [node, one]))
  const isAddress = ({ name }) => /^(href|src|action|formaction|xlink:href|srcset|data|poster)$/.test(name)
  const isOurs = ([node, { value }]) => /^(\\/-\\/|#|\\?)/.test(value) || (value === '' && node.localName === 'form')
  return {
    nodes: all.filter((node) => node.matches('[${m}], iframe, base, object, embed, math, style, template, script:not([src])')).map((node) => node.outerHTML.slice(0, 300)),
    handlers: attributes.filter(([, { name, value }]) => /^on|^style$|^srcdoc$/.test(name) && !/^--rows: \\d+;$/.test(value)).map(([node]) => node.outerHTML.slice(0, 300)),
    addresses: attributes.filter(([node, one]) => isAddress(one) && !isOurs([node, one])).map(([, one]) => one.value.slice(0, 300)),
    // What shows a strange character, and the colours of a line, there are as many as the text asks for.
    skeleton: all.filter((node) => !node.matches('.strange, .line > span > span[class]'))
      .map((node) => node.localName + ' ' + [...node.attributes].map(({ name }) => name).sort()).join('\\n'),
  }
}`

interface Look {
  readonly nodes: readonly string[]
  readonly handlers: readonly string[]
  readonly addresses: readonly string[]
  readonly skeleton: string
}

/** Some hundred pages are opened, which a busy machine takes its time for. */
const LONG = { timeout: 120_000 }

const CLEAN = { nodes: [], handlers: [], addresses: [], breaches: [] }

/** Opens several pages of a site, each in turn by the first tab that is free. */
async function tabs(count: number) {
  const opened = await Promise.all(Array.from({ length: count }, () => open()))
  for (const { page } of opened) {
    await page.addInitScript(
      `window.breaches = []; addEventListener('securitypolicyviolation', (e) => window.breaches.push(e.violatedDirective + ' ' + e.blockedURI))`,
    )
  }
  const visit = async (page: Page, url: string): Promise<Look & { breaches: string[] }> => {
    const answer = await page.goto(url, { waitUntil: 'load' })
    expect([url, answer?.status()]).toEqual([url, 200])
    return page.evaluate(`({ ...(${LOOK})(document), breaches: window.breaches })`)
  }
  const page = opened[0]?.page as Page // of one at least
  return {
    wrong: () => opened.flatMap(({ wrong }) => wrong),
    page,
    /** `like`: where the same page stands with harmless texts. */
    async expectClean(urls: readonly { url: string; like?: string }[]) {
      const likes = new Map<string, Promise<string>>()
      const left = urls.values()
      const work = opened.map(async ({ page }) => {
        for (const { url, like } of left) {
          if (like && !likes.has(like))
            likes.set(
              like,
              visit(page, like).then(({ skeleton }) => skeleton),
            )
          const expected = like && (await likes.get(like))
          const { skeleton, ...found } = await visit(page, url)
          expect(found, url).toEqual(CLEAN)
          if (!expected) continue
          expect(skeleton, url).toBe(expected)
          const read = await page.locator('main').textContent()
          expect(read?.includes(m), `${url} shows what strangers wrote`).toBe(true)
        }
      })
      await Promise.all(work)
    },
    /** The same of what was answered, without opening it: each has the elements of one of `likes`. */
    async expectAlike(likes: readonly string[], answers: readonly string[], type = 'text/html') {
      const parse = `(texts) => texts.map((text) => (${LOOK})(new DOMParser().parseFromString(text, '${type}')))`
      const looksOf = (texts: readonly string[]) =>
        page.evaluate<Look[]>(`(${parse})(${JSON.stringify(texts)})`)
      const expected = (await looksOf(likes)).map(({ skeleton }) => skeleton)
      for (const { skeleton, ...found } of await looksOf(answers)) {
        expect({ ...found, breaches: [] }).toEqual(CLEAN)
        expect(expected).toContain(skeleton)
      }
    },
  }
}

browserTest(`${COUNT} texts in every field of every page add no element to it`, LONG, async () => {
  expect(new Set(payloads).size).toBeGreaterThanOrEqual(60)
  const text = (n: number) => payloads[n % COUNT] ?? ''
  const site = await aStrangersSite(COUNT, text)
  const plain = await aStrangersSite(COUNT, (n) => `word ${n % COUNT}`)
  const { expectClean, expectAlike, wrong, page } = await tabs(2)
  const lists = [
    '',
    'runs',
    'runs?before=60',
    'deliveries',
    'deliveries?before=30',
    'refused?days=14',
  ]
  const more = ['audit', 'audit?before=40', 'workers', 'hooks/h', 'hooks/h/setup', 'rollouts/201']
  const ones = ['runs/1', 'runs/2', 'runs/101', 'deliveries/1']
  const sides = ['delivery', 'environment', 'config'].map((tab) => `runs/101?tab=${tab}`)
  const once = [...lists, ...more, ...ones, ...sides]
  await expectClean(
    once.map((path) => ({ url: `${site.url}/-/${path}`, like: `${plain.url}/-/${path}` })),
  )
  await page.goto(`${plain.url}/-/refused`)
  const htmlOf = async (path: string) => (await site.get(path)).html
  for (const kind of ['runs', 'deliveries']) {
    // Of six deliveries the bodies are JSON or not, and words were answered or an output; the first 20 have two runs.
    const likes = [3, 4, 5, 6, 7, 8, 21, 22, 23, 24, 25, 26].map(
      async (id) => (await plain.get(`/-/${kind}/${id}`)).html,
    )
    const paths = payloads.slice(2).map((_, n) => `/-/${kind}/${n + 3}`)
    await expectAlike(await Promise.all(likes), await Promise.all(paths.map(htmlOf)))
    const some = paths.filter((_, n) => n % 6 === 0)
    await expectClean(some.map((path) => ({ url: site.url + path })))
  }
  const filters = ['hook', 'branch', 'event', 'who', 'status', 'before']
  const query = filters.map((name) => `runs?${name}=`)
  const paths = ['', 'runs/', 'deliveries/', 'hooks/', 'rollouts/', 'badge/', 'runs/1/', 'assets/']
  const others = ['hooks/h/setup?answered=', 'runs/1?tab=', 'runs/2?from=']
  const harmless = ['one', '1', '+', 'x'.repeat(1500)]
  for (const at of [...query, ...paths, ...others]) {
    const likes = await Promise.all(harmless.map((one) => htmlOf(`/-/${at}${one}`)))
    // By these some run is found, as by the same word of the other site: enough of them for a look.
    const finds = /branch|event|who/.test(at)
    const sent = finds ? payloads.filter((_, n) => n % 10 === 0) : payloads
    if (finds) {
      const words = sent.map(async (_, n) => (await plain.get(`/-/${at}word%20${n * 10}`)).html)
      likes.push(...(await Promise.all(words)))
    }
    const answers = sent.map((one) => htmlOf(`/-/${at}${addressed(one)}`))
    await expectAlike(likes, await Promise.all(answers))
  }
  const named: string[] = []
  for (const name of ['ada', ...payloads]) {
    site.visitor.name = name
    named.push(await htmlOf('/-/refused?days=1'))
  }
  await expectAlike(named.slice(0, 1), named)
  const badge = (name: string) => `/-/badge/${addressed(name)}.svg`
  const badges = await Promise.all(payloads.map((one) => htmlOf(badge(one))))
  const drawn = badges.filter((svg) => svg.startsWith('<svg'))
  expect(drawn.length).toBeGreaterThanOrEqual(60)
  await expectAlike([(await plain.get(badge('word 1'))).html], drawn, 'image/svg+xml')
  expect(wrong()).toEqual([])
})

/** As a part of an address; a lone surrogate has none. */
function addressed(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

browserTest('what is sent to a server remains text on its way through it', async () => {
  const concurrency = { queue: 'max' }
  const site = await aSite({
    echoes: {
      ...{ repo: 'github:acme/*', secret: SECRET, 'allow-unusual-refs': true },
      ...{ 'working-directory': '.', concurrency },
      run: [
        { name: `<img ${m} src=x onerror=alert(50)>`, run: 'cat output; cat output >&2' },
        'printf "%s\\n" "$HOOK_BRANCH" "$HOOK_SENDER" "$HOOK_MESSAGE"',
        { name: `<b ${m}>51</b>`, run: 'false' },
      ],
    },
    asked: {
      on: { manual: { inputs: { what: { description: `<b ${m}>52</b>` } } } },
      ...{ secret: 'another secret of twenty-four', concurrency },
      run: 'printf "%s\\n" "$INPUT_WHAT"',
    },
    strict: { repo: 'github:acme/strict', secret: SECRET, run: 'true' },
  })
  writeFileSync(join(site.directory, 'output'), `${payloads.map(inOneLine).join('\n')}\n`)
  // All of them in what it writes and in some field; in each field of a page they are above.
  for (let n = 0; n < COUNT; n += 3) {
    const [ref = '', message = '', login = ''] = [...payloads, ...payloads].slice(n)
    const line = latin(message).slice(0, 300)
    const body = aPushBody({
      ref: `refs/heads/${ref.slice(0, 300)}`,
      head_commit: { message, author: { name: login } },
      ...{ sender: { login }, pusher: { name: login }, [message]: ref },
    })
    const repository = { full_name: message.slice(0, 300), default_branch: ref.slice(0, 300) }
    const other = aPushBody({ repository, sender: { login } })
    const strange = { 'x-github-event': line, 'x-github-delivery': line, 'user-agent': line }
    const guess = asGitHub(body, {}, 'not the secret')
    await Promise.all([
      site.post('/hooks/echoes', { body, headers: asGitHub(body, { 'user-agent': line }) }),
      site.post('/hooks/strict', { body: other, headers: asGitHub(other, strange) }),
      site.post(`/hooks/${encodeURI(line)}?${encodeURI(line)}`, { body, headers: guess }),
      site.form('/-/hooks/asked/run', { 'input:what': inOneLine(login) }),
    ])
  }
  const ended = async () => {
    const found = await Promise.all(
      ['queued', 'running'].map((one) => site.get(`/-/runs?status=${one}`)),
    )
    return found.every(({ text }) => text.includes('No run is like this'))
  }
  await until(ended, 'all runs')
  const { expectClean, wrong } = await tabs(2)
  const paths: string[] = []
  for (const [list, least] of [
    ['runs', COUNT / 3],
    ['deliveries', (2 * COUNT) / 3],
  ] as const) {
    const ids: number[] = []
    for (let before = 10_000; before > 1; ) {
      paths.push(`/-/${list}?before=${before}`)
      const { text } = await site.get(`/-/${list}?before=${before}`)
      const found = [...text.matchAll(/data-key="(\d+)"/g)].map(([, id]) => Number(id))
      ids.push(...found)
      before = found.length === 50 ? Math.min(...found) : 0
    }
    expect(ids.length).toBeGreaterThan(least)
    paths.push(...ids.filter((id) => id % 12 === 1).map((id) => `/-/${list}/${id}`))
  }
  paths.push(
    ...['', 'refused', 'hooks/echoes', 'hooks/asked', 'hooks/asked/setup'].map(
      (one) => `/-/${one}`,
    ),
  )
  await expectClean(paths.map((path) => ({ url: site.url + path })))
  expect(wrong()).toEqual([])
})

browserTest('and also while it comes in live', async () => {
  const named = { name: `<img ${m} src=x onerror=alert(53)>` }
  const site = await aSite({
    echoes: {
      ...{ repo: 'github:acme/*', secret: SECRET, 'working-directory': '.' },
      run: [
        { ...named, run: 'while [ ! -e go ]; do sleep 0.05; done; cat output' },
        { name: `</summary><b ${m}>54</b>\n\nevent: end\n\n`, run: 'echo the end' },
      ],
    },
  })
  writeFileSync(join(site.directory, 'output'), `${payloads.map(inOneLine).join('\n')}\n`)
  const { page, wrong } = await open()
  await site.push({}, {}, 'echoes')
  await page.goto(`${site.url}/-/runs/1`)
  writeFileSync(join(site.directory, 'go'), '')
  await page.locator('.line', { hasText: 'the end' }).waitFor()
  const found: Look = await page.evaluate(`(${LOOK})(document)`)
  expect({ ...found, skeleton: '', breaches: [] }).toEqual({ ...CLEAN, skeleton: '' })
  expect(await page.locator('.line').count()).toBe(COUNT + 1)
  const bidi = payloads.findIndex((one) => one.startsWith('\u202e'))
  expect(await page.locator(`#L${bidi + 1}`).innerText()).toContain('<U+202E>')
  expect(wrong).toEqual([])
  const { text } = await site.get('/-/runs/1/log')
  const events = text
    .trimEnd()
    .split(/\r\n?|\n/)
    .join('\n')
    .split('\n\n')
  const known = /^(?:retry: \d+|event: (lines|step|run|end)(?:\nid: [\d.;]+)?\ndata: ([^\n]*))$/
  const lines = events.flatMap((event) => {
    expect(event).toMatch(known)
    const [, kind, data = ''] = known.exec(event) ?? []
    return kind === 'lines' ? JSON.parse(data).lines : []
  })
  expect(lines).toHaveLength(COUNT + 1)
})

browserTest('so do the browsers and the names of those who sign in', async () => {
  const site = await aSiteWithDoor()
  const cookie = await site.signIn('ada', 'admin')
  for (let n = 0; n < COUNT; n += 3) {
    const agents = payloads
      .slice(n, n + 3)
      .map(inOneLine)
      .join(' ')
    await site.signIn(`user${n}`, 'viewer', { 'user-agent': latin(agents).slice(0, 500) })
  }
  const { expectClean, expectAlike, wrong, page } = await tabs(1)
  const [name = '', value = ''] = cookie.split('=')
  const url = `http://127.0.0.1:${site.port}`
  await page.context().addCookies([{ name, value, url }])
  const { text } = await site.ask('/-/account', { cookie })
  expect(text.match(/&lt;img data-injected/g)?.length).toBeGreaterThan(3)
  await expectClean(['/-/account', '/-/', '/-/audit'].map((path) => ({ url: url + path })))
  const textOf = async (path: string) => (await site.ask(path)).text
  for (const at of ['login?next=', 'link/', '']) {
    const likes = await Promise.all(
      ['one', '/-/runs'].map((one) => textOf(`/-/${at}${addressed(one)}`)),
    )
    const answers = payloads.map((one) => textOf(`/-/${at}${addressed(one)}`))
    await expectAlike(likes, await Promise.all(answers))
  }
  const refused: string[] = []
  for (const one of ['ada', ...payloads.slice(0, 3)]) {
    const form = { name: one, password: one, next: one }
    refused.push((await site.ask('/-/login', { form })).text)
  }
  await expectAlike(refused.slice(0, 1), refused)
  expect(wrong()).toEqual([])
})
