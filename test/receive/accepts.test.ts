import { expect, test } from 'vitest'
import { preferredForm } from '../../src/receive/accepts.ts'

test.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['application/json', 'json'],
  ['APPLICATION/JSON; charset=utf-8', 'json'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'html'],
  ['application/json, text/plain, */*', 'json'],
  ['text/plain, application/json', 'text'],
  ['text/*', 'text'],
  ['text/html;q=0.5, text/plain;q=0.4', 'html'],
  ['text/html;q=0.4, */*;q=0.5', 'text'],
  ['text/plain;q=0, */*', 'json'],
  ['text/html;q=0, text/plain;q=0, application/json;q=0', 'text'],
  ['image/png', 'text'],
  ['text/html;q=nonsense', 'text'],
  ['text/html;q=0.001', 'html'],
  ['text/html;level=1;q=1.0', 'html'],
  [`${'x/y,'.repeat(5000)}text/html`, 'text'],
])('Accept: %j is answered by %s', (accept, form) => {
  expect(preferredForm(accept)).toBe(form)
})
