/** Routes of the server itself and its hooks: how it stands, what it knows, and starting a hook by hand. */

import type { Config } from '../model/config.ts'
import { readInputs } from './body.ts'
import type { Control } from './control.ts'
import { called, name } from './parameters.ts'
import type { Routes } from './routes.ts'
import { startedRun } from './schemas.ts'
import { hookList, serverStatus } from './schemas-hooks.ts'
import { hookView } from './views.ts'

export interface HookParts {
  readonly control: Control
  readonly hooks: () => Config
}

const status = {
  role: 'viewer',
  summary: 'How the server stands',
  answers: { 200: { says: 'Its version, its address, and what runs', schema: serverStatus } },
} as const

const list = {
  role: 'viewer',
  summary: 'List the hooks of the file in use',
  answers: { 200: { says: 'Every hook, without its secrets', schema: hookList } },
} as const

const value = { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] }

const trigger = {
  role: 'operator',
  audit: 'hook.trigger',
  summary: 'Start a hook by hand',
  path: { name: called('the hook', name) },
  body: {
    type: 'object',
    properties: { inputs: { type: 'object', additionalProperties: value } },
    additionalProperties: false,
  },
  answers: { 202: { says: 'The run: it waits, or has begun', schema: startedRun } },
  refusals: [404, 409, 503],
} as const

export function hookRoutes(routes: Routes, { control, hooks }: HookParts): void {
  routes.get('/status', status, (c) => c.json(control.status()))
  routes.get('/hooks', list, (c) => {
    const config = hooks()
    return c.json({ file: config.file, hooks: [...config.hooks.values()].map(hookView) })
  })
  routes.post('/hooks/:name/trigger', trigger, async (c, { path }) => {
    const inputs = readInputs(await c.req.text())
    const { name, origin } = c.get('caller')
    c.set('about', `hook ${path.name}`)
    return c.json({ run: await control.trigger(path.name, inputs, name, origin) }, 202)
  })
}
