/**
 * Signed curl commands to paste into a shell. They take the secret from where it is kept, each time they
 * run, so none is printed; and they need nothing but sh, openssl and curl. Each is one list of `&&`: a shell
 * that is typed into goes on after a line that failed, and would send what nothing signed.
 */

import type { HostName } from '../model/delivery.ts'
import type { SignatureScheme } from '../model/hook.ts'

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
  /** Right-hand side of `SECRET=` or `TOKEN=`; null where whoever pastes it is to have set that. */
  readonly secret: string | null
  /** What it must be, as a shell may say it: "the value of BLOG_SECRET". */
  readonly wanted: string
}

/** What tells one host's headers from another's. */
interface Shape {
  readonly event: string
  readonly id?: string
  /** Shell text of the headers that prove the body; `mac` is its HMAC-SHA256 in hex. */
  readonly proof: (mac: string) => readonly string[]
}

const hub = (mac: string) => [`"X-Hub-Signature: sha256=${mac}"`]

const shapes: Readonly<Record<HostName, Shape>> = {
  github: {
    event: 'X-GitHub-Event',
    id: 'X-GitHub-Delivery',
    proof: (mac) => [`"X-Hub-Signature-256: sha256=${mac}"`],
  },
  gitlab: { event: 'X-Gitlab-Event', proof: () => ['"X-Gitlab-Token: $SECRET"'] },
  bitbucket: { event: 'X-Event-Key', id: 'X-Request-UUID', proof: hub },
  'bitbucket-dc': { event: 'X-Event-Key', id: 'X-Request-Id', proof: hub },
  gitea: family('Gitea'),
  forgejo: family('Forgejo'),
  gogs: family('Gogs'),
  azure: {
    event: '',
    proof: () => ['"Authorization: Basic $(printf %s "$SECRET" | openssl base64 -A)"'],
  },
  gitee: {
    event: 'X-Gitee-Event',
    proof: () => [
      '"X-Gitee-Timestamp: $TIME"',
      `"X-Gitee-Token: $(printf '%s\\n%s' "$TIME" "$SECRET" | openssl dgst -sha256 -hmac "$SECRET" -binary | openssl base64 -A)"`,
    ],
  },
  sourcehut: { event: 'X-Webhook-Event', proof: () => [] },
  webhook: { event: '', proof: (mac) => [`"X-Hub-Signature-256: sha256=${mac}"`] },
}

function family(brand: string): Shape {
  const proof = (mac: string) => [`"X-${brand}-Signature: ${mac}"`]
  return { event: `X-${brand}-Event`, id: `X-${brand}-Delivery`, proof }
}

/** Whether a header of a sample is the same for each delivery, and needed. */
export function isFixed(name: string, host: HostName): boolean {
  return name === 'Content-Type' || name === shapes[host].event
}

/** As the host proves itself. Most of these can be replayed by whoever sees them. */
export function hostRecipe(recipe: Recipe, host: HostName): string {
  const { id, proof } = shapes[host]
  const mac = `$(${bodyPipe(recipe.body)} | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)`
  const time = host === 'gitee' ? ['TIME=$(date +%s)000'] : []
  return command(recipe, [...given('SECRET', recipe), ...time], [...newId(id), ...proof(mac)])
}

/** By a scheme that the hooks file describes. */
export function schemeRecipe(recipe: Recipe, scheme: SignatureScheme): string {
  const { header, algorithm, encoding, prefix, timestamp } = scheme
  const clock = timestamp === 'date' ? "LC_ALL=C date -u '+%a, %d %b %Y %T GMT'" : 'date +%s'
  const time = timestamp === null ? [] : [`TIME=$(${clock})`]
  const digest = encoding === 'hex' ? "-r | cut -d' ' -f1" : '-binary | openssl base64 -A'
  const mac = `${templatePipe(scheme, recipe.body)} | openssl dgst -${algorithm} -hmac "$SECRET" ${digest}`
  return command(
    recipe,
    [...given('SECRET', recipe), ...time],
    [
      ...(timestamp === null ? [] : [`"${timestamp}: $TIME"`]),
      `${quote(`${header}: ${prefix}`)}"$(${mac})"`,
    ],
  )
}

function templatePipe({ template, timestamp }: SignatureScheme, body: BodySource): string {
  if (template === '{body}') return bodyPipe(body)
  const pieces = template.split(/(\{body\}|\{timestamp\})/).filter((piece) => piece !== '')
  const print = (piece: string) => {
    if (piece === '{body}') return bodyPipe(body)
    const isTime = piece === '{timestamp}' && timestamp !== null
    return `printf %s ${isTime ? '"$TIME"' : quote(piece)}`
  }
  return `{ ${pieces.map(print).join('; ')}; }`
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
    [...given('SECRET', recipe), `KEY=${key}`, 'ID=msg_$(openssl rand -hex 12) TIME=$(date +%s)'],
    [
      '"webhook-id: $ID"',
      '"webhook-timestamp: $TIME"',
      `"webhook-signature: v1,$(${signed} | ${mac})"`,
    ],
  )
}

export function tokenRecipe(recipe: Recipe): string {
  return command(recipe, given('TOKEN', recipe), ['"Authorization: Bearer $TOKEN"'])
}

/** HTTP Basic. curl's own -u would show the password to everybody who lists processes. */
export function passwordRecipe(recipe: Recipe, user: string): string {
  const pair = `$(printf '%s' "${user}:$PASSWORD" | openssl base64 -A)`
  return command(recipe, given('PASSWORD', recipe), [`"Authorization: Basic ${pair}"`])
}

export function openRecipe(recipe: Recipe): string {
  return command(recipe, [], [])
}

/** `:?` ends what follows with these words, where there is nothing to prove with. */
function given(variable: 'SECRET' | 'TOKEN' | 'PASSWORD', { secret, wanted }: Recipe): string[] {
  const assigned = secret === null ? [] : [`${variable}=${secret}`]
  return [...assigned, `: "\${${variable}:?is not set. Set it to ${wanted}; nothing was sent}"`]
}

/** Of a name that a shell says as it stands; what it is of, where it has another. */
export function namedValue(name: string, otherwise: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `the value of ${name}` : otherwise
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
  return [...setup, ...bodyLines(body), parts.join(' \\\n  ')].join(' &&\n')
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
function newId(name: string | undefined): string[] {
  if (name === undefined) return []
  const dashes = String.raw`s/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/`
  return [`"${name}: $(openssl rand -hex 16 | sed '${dashes}')"`]
}
