/** Which signed curl commands start a hook, and the sample that they send. */

import type { Hook } from '../model/hook.ts'
import type { Call } from './call.ts'
import * as recipes from './recipes.ts'

/** Each a whole command; several where a hook can be proven to in several ways. */
export function formsFor(hook: Hook, recipe: recipes.Recipe): string[] {
  if (hook.open) return [recipes.openRecipe(recipe)]
  const [user] = hook.access.users
  if (hook.secrets.length === 0 && hook.tokens.length === 0 && user)
    return [recipes.passwordRecipe(recipe, user.name)]
  if (hook.secrets.length === 0) return [recipes.tokenRecipe(recipe)]
  if (hook.signature) return [recipes.schemeRecipe(recipe, hook.signature)]
  const isSigning = hook.secrets[0]?.value.startsWith('whsec_') ?? false
  if (hook.host === 'gitlab' && isSigning) return [recipes.timestampedRecipe(recipe)]
  if (hook.host !== 'webhook') return [recipes.hostRecipe(recipe, hook.host)]
  return [
    `# Short; whoever sees it can send it again.\n${recipes.hostRecipe(recipe, hook.host)}`,
    `# With id and time signed (Standard Webhooks): good for five minutes.\n${recipes.timestampedRecipe(recipe)}`,
  ]
}

/** Which variable such a command takes the proof from, and what has to be in it. */
export function askedOf({ name, secrets, tokens, access }: Hook) {
  const [secret] = secrets
  const [token] = tokens
  const [password] = access.users[0]?.passwords ?? []
  const { namedValue } = recipes
  if (secret)
    return { variable: 'SECRET', wanted: namedValue(secret.name, `the secret of ${name}`) }
  if (token) return { variable: 'TOKEN', wanted: namedValue(token.name, `the token of ${name}`) }
  if (!password) return { variable: 'TOKEN', wanted: 'a token that runhook token create makes' }
  return { variable: 'PASSWORD', wanted: namedValue(password.name, `the password for ${name}`) }
}

/** A sample without its noise; the values of `sha` are to be new each time. */
export function sampleSource({ method, body }: Call, hook: Hook, sha: string): recipes.BodySource {
  if (method === 'GET') return { kind: 'none' }
  // Of inputs none is noise, whatever its name.
  if (hook.repositories.length === 0) return { kind: 'text', text: body.toString(), sha: null }
  return { kind: 'text', text: JSON.stringify(briefly(JSON.parse(body.toString()))), sha }
}

/**
 * Parts of a sample that are there to be like the host's, and that nobody needs to start a run; and what
 * belongs to one delivery: Gitee's proof, and Azure's id beside its "eventType".
 */
const NOISE =
  /url$|^(sign|password|hook_id|subscriptionId|notificationId|links|uuid|account_id|owner|workspace|user|pusher|author|committer|tree_id|timestamp|date|compare|description|website|visibility|archived|private|is_private|scm|site_admin|pushed_at|created_on|updated_on|distinct|parents)$|_at$/

function briefly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(briefly)
  if (typeof value !== 'object' || value === null) return value
  const isNoise = (name: string) =>
    NOISE.test(name) || (name === 'id' && Object.hasOwn(value, 'eventType'))
  const kept = Object.entries(value).filter(([name]) => !isNoise(name))
  return Object.fromEntries(kept.map(([name, inner]) => [name, briefly(inner)]))
}
