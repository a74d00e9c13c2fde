/**
 * Signed curl commands to paste into a shell. They take the secret from where it is kept, each time they
 * run, so none is printed; and they need nothing but sh, openssl and curl.
 */

import type { HostName } from '../model.ts'

export type BodySource =
  | { readonly kind: 'none' }
  /** Text of which every occurrence of `sha` is to be new each time the command runs. */
  | { readonly kind: 'text'; readonly text: string; readonly sha: string | null }
  | { readonly kind: 'file'; readonly file: string }

export interface Recipe {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Fixed headers: no signature, no id of the delivery. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: BodySource
  /** Right-hand side of `SECRET=` or `TOKEN=`. */
  readonly secret: string
}

/** `X-Hub-Signature-256`, at Bitbucket `X-Hub-Signature`: can be replayed by whoever sees it. */
export function plainRecipe(recipe: Recipe, host: HostName): string {
  const name = host === 'bitbucket' ? 'X-Hub-Signature' : 'X-Hub-Signature-256'
  const mac = `${bodyPipe(recipe.body)} | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1`
  return command(
    recipe,
    [`SECRET=${recipe.secret}`],
    [...newId(host), `"${name}: sha256=$(${mac})"`],
  )
}

/** Standard Webhooks: id and time are signed. The key is what follows `whsec_`, else the secret itself. */
export function timestampedRecipe(recipe: Recipe): string {
  const key =
    `$(case "$SECRET" in (whsec_*) printf %s "\${SECRET#whsec_}" | openssl base64 -d -A;; ` +
    `(*) printf %s "$SECRET";; esac | od -An -vtx1 | tr -d ' \\n')`
  const signed = `{ printf '%s.%s.' "$ID" "$TIME"; ${bodyPipe(recipe.body)}; }`
  const mac = 'openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A'
  return command(
    recipe,
    [`SECRET=${recipe.secret}`, `KEY=${key}`, 'ID=msg_$(openssl rand -hex 12) TIME=$(date +%s)'],
    [
      '"webhook-id: $ID"',
      '"webhook-timestamp: $TIME"',
      `"webhook-signature: v1,$(${signed} | ${mac})"`,
    ],
  )
}

export function tokenRecipe(recipe: Recipe): string {
  return command(recipe, [`TOKEN=${recipe.secret}`], ['"Authorization: Bearer $TOKEN"'])
}

export function openRecipe(recipe: Recipe): string {
  return command(recipe, [], [])
}

export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function command(
  { method, url, headers, body }: Recipe,
  setup: readonly string[],
  proof: readonly string[],
): string {
  const fixed = Object.entries(headers).map(([name, value]) => quote(`${name}: ${value}`))
  const parts = [
    `curl -sS ${method === 'GET' ? '' : `${dataOption(body)} `}${quote(url)}`,
    ...[...fixed, ...proof].map((header) => `-H ${header}`),
  ]
  return [...setup, ...bodyLines(body), parts.join(' \\\n  ')].join('\n')
}

function bodyLines(body: BodySource): string[] {
  if (body.kind !== 'text') return []
  const { text, sha } = body
  if (sha === null || !text.includes(sha)) return [`BODY=${quote(text)}`]
  return ['SHA=$(openssl rand -hex 20)', `BODY=${quote(text).replaceAll(sha, `'$SHA'`)}`]
}

/** `--data-raw` takes a text as it is, also one that begins with "@". */
function dataOption(body: BodySource): string {
  if (body.kind === 'file') return `--data-binary ${quote(`@${body.file}`)}`
  return body.kind === 'text' ? '--data-raw "$BODY"' : "--data-raw ''"
}

function bodyPipe(body: BodySource): string {
  if (body.kind === 'file') return `cat ${quote(body.file)}`
  return body.kind === 'text' ? 'printf %s "$BODY"' : 'printf %s ""'
}

/** Hosts give each delivery an id of its own; a repeated one would be taken for a redelivery. */
function newId(host: HostName): string[] {
  if (host === 'webhook') return []
  const name = host === 'github' ? 'X-GitHub-Delivery' : 'X-Request-UUID'
  const dashes = String.raw`s/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/`
  return [`"${name}: $(openssl rand -hex 16 | sed '${dashes}')"`]
}
