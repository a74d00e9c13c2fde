/** What strangers write into every field of a page stays text: no dialog, no node, no breach of the policy. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { aPushBody, asGitHub } from '../receive/receiver.ts'
import { SECRET, until } from '../some.ts'
import { browserTest, open } from './browser.ts'
import { aSite } from './site.ts'

const m = 'data-injected'

/** Whatever becomes of them, an element with `data-injected`, or a dialog, is one that they made. */
const payloads = [
  `<script ${m}>alert(1)</script>`,
  `<ScRiPt ${m} src=data:,alert(2)></sCrIpT>`,
  `<img ${m} src=x onerror=alert(3)>`,
  `<svg ${m} onload=alert(4)>`,
  `<svg><script ${m}>alert(5)</script></svg>`,
  `"><b ${m}>6</b>`,
  `'><b ${m}>7</b>`,
  `" onmouseover="alert(8)" ${m}="`,
  `' onfocus='alert(9)' autofocus ${m}='`,
  `</title><script ${m}>alert(10)</script>`,
  `</style><b ${m}>11</b>`,
  `</script><script ${m}>alert(12)</script>`,
  `</textarea></pre><b ${m}>13</b>`,
  `<!--><b ${m}>14</b>-->`,
  `<![CDATA[><b ${m}>15</b>]]>`,
  `<iframe ${m} srcdoc="<script>alert(16)</script>"></iframe>`,
  `<a ${m} href="javascript:alert(17)">x</a>`,
  `<form ${m} action="https://evil.example"><button>18</button></form>`,
  `<base ${m} href="https://evil.example/">`,
  `<meta ${m} http-equiv="refresh" content="0;url=https://evil.example">`,
  `<link ${m} rel="stylesheet" href="https://evil.example/x.css">`,
  `<style ${m}>@import "https://evil.example/x.css";</style>`,
  `<details ${m} open ontoggle=alert(23)>`,
  `<run-log ${m} data-place="0.1.">24</run-log>`,
  `<template ${m}><b>25</b></template><noscript><p title="</noscript><img src=x onerror=alert(25)>">`,
  `<math ${m}><mtext><img src=x onerror=alert(26)></mtext></math>`,
  `&lt;script ${m}&gt;alert(27)&lt;/script&gt;`,
  `\u202e<b ${m}>28</b>\u2066`,
  `{{constructor.constructor('alert(29)')()}}\${alert(29)}`,
  `\\u003cb ${m}\\u003e30\\x3cb ${m}\\x3e`,
  `\u0000<b ${m}>31</b>\u001b[31m<b ${m}>31</b>\u001b]8;;javascript:alert(31)\u0007x\u001b]8;;\u0007`,
  `\ud83d<b ${m}>32</b>＜b ${m}＞`,
]

const waiting = { concurrency: { queue: 'max' } }

browserTest('32 texts in every field that a stranger fills in remain texts', async () => {
  const site = await aSite({
    echoes: {
      repo: 'github:acme/*',
      secret: SECRET,
      'allow-unusual-refs': true,
      'working-directory': '.',
      ...waiting,
      run: [
        { name: `<img ${m} src=x onerror=alert(50)>`, run: 'cat output' },
        'printf "%s\\n" "$HOOK_BRANCH" "$HOOK_SENDER" "$HOOK_MESSAGE"',
        { name: `<b ${m}>51</b>`, run: 'false' },
      ],
    },
    asked: {
      on: { manual: { inputs: { what: { description: `<b ${m}>52</b>` } } } },
      secret: 'another secret of twenty-four',
      ...waiting,
      run: 'printf "%s\\n" "$INPUT_WHAT"',
    },
    strict: { repo: 'github:acme/strict', secret: SECRET, run: 'true' },
  })
  writeFileSync(join(site.directory, 'output'), `${payloads.join('\n')}\n`)
  for (const text of payloads) {
    const latin = text.replace(/[^\x20-\x7e]/g, '?')
    const body = aPushBody({
      ref: `refs/heads/${text}`,
      head_commit: { message: text, author: { name: text } },
      sender: { login: text },
      pusher: { name: text },
      [text]: text,
    })
    await site.post('/hooks/echoes', { body, headers: asGitHub(body, { 'user-agent': latin }) })
    const other = aPushBody({
      repository: { full_name: text, default_branch: text },
      sender: { login: text },
    })
    await site.post('/hooks/strict', {
      body: other,
      headers: asGitHub(other, { 'x-github-event': latin, 'x-github-delivery': latin }),
    })
    await site.post(`/hooks/${encodeURI(latin)}?${encodeURI(latin)}`, {
      body,
      headers: asGitHub(body, {}, 'not the secret, but long enough'),
    })
    await site.form('/-/hooks/asked/run', { 'input:what': text })
  }
  const ended = async () => {
    const found = await Promise.all(
      ['queued', 'running'].map((one) => site.get(`/-/runs?status=${one}`)),
    )
    return found.every(({ text }) => text.includes('No run is like this'))
  }
  await until(ended, 'all runs')

  const { page, wrong } = await open()
  await page.addInitScript(
    `window.breaches = []; addEventListener('securitypolicyviolation', (e) => window.breaches.push(e.violatedDirective + ' ' + e.blockedURI))`,
  )
  const counts = { runs: 0, deliveries: 0 }
  for (const list of ['runs', 'deliveries'] as const) {
    const hrefs: string[] = []
    for (let before = 10_000; before > 1; ) {
      const { text } = await site.get(`/-/${list}?before=${before}`)
      const ids = [...text.matchAll(/data-key="(\d+)"/g)].map(([, id]) => Number(id))
      hrefs.push(...ids.map((id) => `/-/${list}/${id}`))
      before = ids.length === 50 ? Math.min(...ids) : 0
    }
    counts[list] = hrefs.length
    const also =
      list === 'runs'
        ? hrefs
            .slice(0, 4)
            .flatMap((one) =>
              ['delivery', 'environment', 'config'].map((tab) => `${one}?tab=${tab}`),
            )
        : []
    for (const path of [...hrefs, ...also]) await expectClean(path)
  }
  expect(counts.runs).toBeGreaterThanOrEqual(2 * payloads.length - 3)
  expect(counts.deliveries).toBeGreaterThanOrEqual(2 * payloads.length)
  for (const path of [
    '/',
    '/runs',
    '/deliveries',
    '/refused',
    '/hooks/echoes',
    '/hooks/asked',
    '/hooks/asked/setup',
    '/runs?branch=%3Cimg%20data-injected%20src=x%3E',
  ])
    await expectClean(`/-${path}`)
  expect(wrong).toEqual([])

  async function expectClean(path: string) {
    await page.goto(site.url + path, { waitUntil: 'load' })
    const found = await page.evaluate(`({
      nodes: [...document.querySelectorAll('[${m}], iframe, base, object, embed, math, script:not([src])')].map((node) => node.outerHTML),
      handlers: [...document.querySelectorAll('*')].filter((node) => [...node.attributes].some(({ name }) => name.startsWith('on'))).length,
      breaches: window.breaches,
    })`)
    expect(found, path).toEqual({ nodes: [], handlers: 0, breaches: [] })
  }
})

browserTest('and also while they come in live', async () => {
  const site = await aSite({
    echoes: {
      repo: 'github:acme/*',
      secret: SECRET,
      'working-directory': '.',
      run: 'while [ ! -e go ]; do sleep 0.05; done; cat output; echo the end',
    },
  })
  writeFileSync(join(site.directory, 'output'), `${payloads.join('\n')}\n`)
  const { page, wrong } = await open()
  await site.push({}, {}, 'echoes')
  await page.goto(`${site.url}/-/runs/1`)
  writeFileSync(join(site.directory, 'go'), '')
  await page.locator('.line', { hasText: 'the end' }).waitFor()
  expect(await page.locator(`[${m}]`).count()).toBe(0)
  expect(await page.locator('.line').count()).toBe(payloads.length + 1)
  expect(await page.locator('#L28').innerText()).toContain('<U+202E>')
  expect(wrong).toEqual([])
})
