/** What is sent to a form's address and is no form: told so, and done nothing about. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildPages } from '../../src/pages/app.ts'
import type { PagesParts } from '../../src/pages/parts.ts'
import { aSite, pushed, type Site } from './site.ts'

const OWN = { 'sec-fetch-site': 'same-origin' }
const forms = buildPages({} as PagesParts)
  .list.filter(({ method }) => method === 'POST')
  .map(({ path }) => `/-${path.replace(':id', '1').replace(':name', 'tidy')}`)
const hooks = {
  tidy: { on: { manual: { inputs: { what: {} } } }, auth: 'login', run: 'true' },
  'deploy-site': pushed('true'),
}

const send = (
  site: Site,
  path: string,
  type: string | null,
  body: string | Uint8Array<ArrayBuffer>,
) => {
  const headers = { ...OWN, ...(type === null ? {} : { 'content-type': type }) }
  return fetch(site.url + path, { method: 'POST', headers, body, redirect: 'manual' })
}

describe('no form', () => {
  test.each<[string, string | null, string | Uint8Array<ArrayBuffer>]>([
    ['JSON', 'application/json', '{"input:what":"x"}'],
    ['a text', 'text/plain', 'input:what=x'],
    ['a broken multipart', 'multipart/form-data; boundary=x', '--y\r\nnonsense'],
    ['a multipart without its boundary', 'multipart/form-data', 'nonsense'],
    ['bytes of no type', null, new Uint8Array([1, 2, 3])],
    ['a type that begins like one', 'application/x-www-form-urlencodedx', 'input:what=x'],
  ])('is %s, at any address', async (_, type, body) => {
    const site = await aSite(hooks)
    const before = [...site.told]
    for (const path of forms) {
      const answer = await send(site, path, type, body)
      expect([path, answer.status]).toEqual([path, 415])
      expect(await answer.text()).toContain('This takes what its own form sends')
    }
    expect(site.told).toEqual(before)
    expect((await site.get('/-/runs')).text).toContain('Nothing has run yet')
  })

  test('is one that is too large, which is what it is told', async () => {
    const site = await aSite(hooks)
    const type = 'application/x-www-form-urlencoded'
    const large = await send(
      site,
      '/-/hooks/tidy/run',
      type,
      `input:what=${'x'.repeat(256 * 1024)}`,
    )
    expect(large.status).toBe(413)
    expect(await large.text()).toContain('A form may not be larger than 256 kB.')
  })
})

test('a form is one in whatever letters its type is written, and so is nothing at all', async () => {
  const site = await aSite(hooks)
  const type = 'Application/X-WWW-Form-URLencoded; charset=UTF-8'
  const sent = await send(site, '/-/hooks/tidy/run', type, 'input%3Awhat=%ff%zz')
  expect(sent.status).toBe(303)
  expect((await send(site, '/-/hooks/tidy/run', null, '')).status).toBe(303)
})

describe('the form of a hook', () => {
  const inputs = {
    count: { type: 'number', required: true, description: 'How many' },
    scope: { options: ['all', 'old'], required: true },
    note: {},
  }
  const asking = { tidy: { on: { manual: { inputs } }, auth: 'login', run: 'true' } }
  const field = (text: string, name: string) =>
    new RegExp(`<(?:input|select) name="input:${name}"[^>]*>`).exec(text)?.[0] ?? ''

  test('says which inputs are required, and what a number looks like', async () => {
    const site = await aSite(asking)
    const { text } = await site.get('/-/hooks/tidy')
    expect(text.match(/(count|scope|note)<span class="dim"> \(required\)/g)).toHaveLength(2)
    expect(text).not.toContain('note<span')
    expect(field(text, 'count')).toContain(
      'title="A whole number: digits only, at most 15, such as 42"',
    )
    expect(field(text, 'count')).toContain('aria-describedby="about-1"')
    expect(text).toContain('<p class="dim" id="about-1">How many</p>')
    expect(field(text, 'scope')).toContain('required')
    expect(field(text, 'note')).not.toContain('required')
  })

  test('comes back as it was filled in when nothing was started, and says why', async () => {
    const site = await aSite(asking)
    const fields = { 'input:count': '1.5', 'input:scope': 'old', 'input:note': 'it\'s "<b>"' }
    const answer = await site.form('/-/hooks/tidy/run', fields)
    const text = await answer.text()
    expect(answer.status).toBe(422)
    expect(text).toContain('role="alert"')
    expect(text).toContain(
      'It was not started: input &quot;count&quot; must be a whole number: digits only, at most 15',
    )
    expect(field(text, 'count')).toContain('value="1.5"')
    expect(field(text, 'note')).toContain('value="it&#39;s &quot;&lt;b&gt;&quot;"')
    expect(text).toContain('<option value="old" selected="">')
    expect(text).toContain('data-live=""')
    expect((await site.get('/-/runs')).text).toContain('Nothing has run yet')
    const mended = await site.form('/-/hooks/tidy/run', { ...fields, 'input:count': '2' })
    expect(mended.status).toBe(303)
  })
})

test('what was started when its hook could no more be started by hand says so', async () => {
  const site = await aSite(hooks)
  const off = { ...hooks, tidy: { ...hooks.tidy, enabled: false } }
  writeFileSync(join(site.directory, 'hooks.json'), JSON.stringify({ hooks: off }), { mode: 0o600 })
  const { config } = await site.load()
  if (config) await site.server.reload(config)
  const answer = await site.form('/-/hooks/tidy/run', { 'input:what': 'x' })
  expect(answer.status).toBe(409)
  expect(await answer.text()).toMatch(/tidy.*is switched off/)
})

test('what may not be sent is not read', async () => {
  const site = await aSite(hooks)
  site.visitor.role = 'viewer'
  const answer = await send(site, '/-/hooks/tidy/run', 'application/json', 'x'.repeat(300 * 1024))
  expect(answer.status).toBe(403)
})
