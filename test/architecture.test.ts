import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Read bottom-up. A part may import parts on lower floors, never its own floor or one above. */
const floors = [
  ['model', 'errors', 'version', 'network'],
  ['log-lines'],
  ['log'],
  ['hosts', 'hooks', 'record'],
  ['postgres'],
  ['access'],
  ['receive', 'run', 'show'],
  ['fleet', 'pages'],
  ['engine', 'control', 'callers', 'current', 'listen', 'activation', 'notify', 'preflight'],
  ['front', 'resume', 'dashboard'],
  ['member'],
  ['worker'],
  ['apps', 'embedded', 'distributed'],
  ['server'],
  ['cli'],
]

/** Each foreign thing enters by one door. */
const doors: Record<string, RegExp> = {
  'node:child_process': /^run\/(child|slot|pipe)\.ts$|^fleet\/guard\.ts$|^notify\.ts$/,
  'node:sqlite': /^record\//,
  pg: /^postgres\//,
  'pg-boss': /^postgres\/boss\.ts$/,
  '@hono/node-server': /^(listen|server|dashboard)\.ts$|^receive\/app\.ts$|^(access|show)\//,
  '@octokit/webhooks-methods': /^hosts\/signature\.ts$/,
  valibot: /^hooks\/|^show\/(schemas.*|describe)\.ts$/,
  'hono-openapi': /^show\/(routes|describe|document)\.ts$/,
  'jsonc-parser': /^(hooks|cli)\//,
  '@valibot/to-json-schema': /^hooks\/export\.ts$/,
  'openid-client': /^access\/oidc-(provider|proof|trouble)\.ts$/,
  commander: /^cli\//,
  anser: /^pages\/ansi\.ts$/,
  pino: /^log\.ts$/,
}

/** Not doors: what these rooms may not touch, because their outcome must follow from their input. */
const pure = [
  /^hooks\/(match|check|conditions|verdict|inputs|pattern|automaton|duration|size)\.ts$/,
  /^run\/(command|phases|retry|backlog|heap|hint|tail)\.ts$/,
  /^preflight\/(words|called)\.ts$/,
  /^fleet\/(lease|guard-script)\.ts$/,
  /^hosts\//,
]
const impure = /^node:(fs|http|net|child_process|sqlite|timers)/

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file),
)
const part = (file: string) => file.split(/[/.]/)[0] ?? ''
const floor = (file: string) => floors.findIndex((parts) => parts.includes(part(file)))

const imports = files.flatMap((file) =>
  [...readFileSync(join('src', file), 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(
    ([, to = '']) => ({
      file,
      to: to.startsWith('.') ? join(dirname(file), to) : to,
      own: to.startsWith('.'),
    }),
  ),
)

test('every part stands on a floor', () => {
  expect(files.filter((file) => floor(file) < 0)).toEqual([])
})

test('every part imports only parts beneath it', () => {
  const upward = imports.filter(
    ({ file, to, own }) => own && part(to) !== part(file) && floor(to) >= floor(file),
  )
  expect(upward.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
})

test('each foreign thing enters by one door', () => {
  const elsewhere = imports.filter(({ file, to }) => doors[to] && !doors[to].test(file))
  expect(elsewhere.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
})

test('what must be pure touches no file, network, process or clock of its own', () => {
  const touching = imports.filter(
    ({ file, to }) => pure.some((pattern) => pattern.test(file)) && impure.test(to),
  )
  expect(touching.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
})

test('files stay short enough to be read in one go', () => {
  const long = files
    .map((file) => ({ file, lines: readFileSync(join('src', file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > 250)
  expect(long).toEqual([])
})

test('no room for leftovers, and no default exports', () => {
  expect(
    files.filter((file) => /(^|\/)(utils?|helpers?|common|misc|index)[./]/.test(file)),
  ).toEqual([])
  const exported = files.filter((file) =>
    /^export default/m.test(readFileSync(join('src', file), 'utf8')),
  )
  expect(exported.map((file) => relative('.', file))).toEqual([])
})
