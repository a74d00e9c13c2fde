/**
 * What a newcomer can type right after the first start. The commands are complete, and read secrets from
 * the .env file so that none is printed. The signed one carries a signature, not the secret.
 */

import { createHmac } from 'node:crypto'
import type { Config } from '../model/config.ts'
import type { Hook } from '../model/hook.ts'

export function thingsToTry(url: string, config: Config, envFile: string): string[] {
  const hooks = [...config.hooks.values()]
  const manual = hooks.find((hook) => isManual(hook) && hook.secrets.length > 0)
  const page = hooks.find((hook) => hook.methods.includes('GET') && (hook.open || hook.tokens[0]))
  const lines = [
    ...(manual ? ['', '  Start a run with a signed call:', `    ${signedCurl(url, manual)}`] : []),
    ...(page ? ['', '  Read this server from a URL:', `    ${tokenCurl(url, page, envFile)}`] : []),
    '',
    '  See what happened, from another terminal in this folder:',
    '    npx runhook runs',
    '    npx runhook logs 1',
    '',
  ]
  return lines
}

function isManual(hook: Hook): boolean {
  const required = hook.inputs.some((input) => input.required && input.default === null)
  return hook.triggers.some((trigger) => trigger.event === 'manual') && !required
}

const BODY = '{}'

/** GitHub's short form over a fixed body: it works as printed, as often as it is pasted. */
function signedCurl(url: string, hook: Hook): string {
  const [secret] = hook.secrets
  const signature = createHmac('sha256', secret?.value ?? '')
    .update(BODY)
    .digest('hex')
  return `curl -d '${BODY}' ${url}${hook.path} -H 'X-Hub-Signature-256: sha256=${signature}'`
}

function tokenCurl(url: string, hook: Hook, envFile: string): string {
  const [token] = hook.tokens
  if (hook.open || !token) return `curl ${url}${hook.path}`
  const bearer = `\${TOKEN:?is not set: ${token.name} is not in ${envFile}}`
  return `TOKEN=$(sed -n 's/^${token.name}=//p' ${envFile}) && curl -H "Authorization: Bearer ${bearer}" ${url}${hook.path}`
}
