import { expect, test } from 'vitest'
import { disguised } from '../../src/network/written.ts'

test.each([
  '/-/runs/%31/cancel',
  '/-/runs/1/%63ancel',
  '/-/runs/1/%63%61ncel?x=%61',
  '/-/hooks/a%2Db',
  '/-/runs/1%5Fa%7e',
  '/%2d/runs',
  '/%2D/runs',
  '/%2d',
  '//-/runs',
  '/-//runs',
  '/-/./runs',
  '/-/../-/runs',
  '/-/%2e%2E/x',
  '/x/../-/runs',
  '/x/%2e./-/runs',
  '/-\\runs',
  '\\-\\runs',
  '/-%2Fruns',
  '/-/runs/"1"',
  '/-/runs/\xe4',
  'http://runs.example.com/-/runs',
])('a page written as %s is none', (path) => expect(disguised(path)).toBe('-'))

test.each([
  '/api/v1/%73tatus',
  '/%61pi/v1/status',
  '/api%2Fv1/status',
  '/api/v1//status',
  '/hooks/%2E./api/v1/runs',
  'http://x/api/v1/runs',
])('nothing of the API is called %s', (path) => expect(disguised(path)).toBe('api'))

test.each([
  '/-',
  '/-/',
  '/-/runs?ref=%61//..\\%2e',
  '/-/hooks/blog-1.x_y~z/run',
  '/api/v1/tokens/a%20b%22%C3%A4%2F%25%3a',
  "/api/v1/users/oidc%3A!'()*",
  '/api/v1/tokens/%00%ff',
])('%s is plain', (path) => expect(disguised(path)).toBeNull())

test.each(['/hooks/%61', '/hooks/./a', '//hooks/a', '/-x', '/apis/-/a', '/%2dx', '/%zz', '*', ''])(
  '%s is none of ours',
  (path) => expect(disguised(path)).toBeNull(),
)
