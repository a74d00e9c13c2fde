/** A hooks file with one hook of each kind, and the .env beside it. */

import type { Shell } from './shell.ts'

export const SITE_SECRET = 'the secret of acme/site, for GitHub'
export const INTRANET_SECRET = 'the secret of acme/intranet'
export const OPS_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
export const TOKEN = 'a-token-for-disk-space-and-no-more'

export function putHooks(shell: Shell, more: Record<string, unknown> = {}): void {
  shell.put('hooks.json', {
    server: { port: 9123 },
    hooks: {
      site: {
        repo: 'github:acme/site',
        on: { push: { branches: ['main'], paths: ['src/**'] } },
        secret: `\${SITE_SECRET}`,
        run: ['git pull --ff-only', 'systemctl reload site'],
      },
      releases: {
        repo: 'github:acme/*',
        on: { push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } },
        secret: `\${SITE_SECRET}`,
        run: './release',
      },
      intranet: {
        repo: 'bitbucket:acme/intranet',
        on: { push: { branches: ['release/**'] } },
        secret: `\${INTRANET_SECRET}`,
        run: './deploy',
        timeout: '20m',
      },
      'clear-cache': {
        on: { manual: { inputs: { scope: { options: ['pages', 'all'], default: 'pages' } } } },
        secret: `\${OPS_SECRET}`,
        run: 'clear "$INPUT_SCOPE"',
      },
      df: { url: '/df', on: 'get', token: `\${DF_TOKEN}`, command: ['df', '-h'], timeout: '5s' },
      open: { url: '/open', on: 'post', auth: 'none', 'allow-from': '127.0.0.1', run: 'true' },
      ...more,
    },
  })
  shell.put(
    '.env',
    [
      `SITE_SECRET=${SITE_SECRET}`,
      `INTRANET_SECRET="${INTRANET_SECRET}"`,
      `OPS_SECRET=${OPS_SECRET}`,
      `DF_TOKEN=${TOKEN}`,
      '',
    ].join('\n'),
  )
}
