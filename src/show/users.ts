/**
 * Routes of users, for admins: who may sign in to the dashboard and as what. A link is told once. See record/users.ts.
 */

import { ANY_USER_NAME, USER_NAME } from '../access/identify.ts'
import { hashPassword, passwordProblem } from '../access/password.ts'
import { digestOf, makeSecret } from '../access/secret.ts'
import { RunhookError } from '../errors.ts'
import { roles } from '../record/tokens.ts'
import type { Accounts, User } from '../record/users.ts'
import { callerOf } from './admission.ts'
import { readFields } from './body.ts'
import { called, like, oneOf, type Reader } from './parameters.ts'
import type { Routes } from './routes.ts'
import { newUser, oneUser, userLink, userList } from './schemas-access.ts'
import { sessionRoutes } from './sessions.ts'

export interface UserParts {
  /** Left out where the engine keeps none. */
  readonly accounts?: Accounts | undefined
  /** Where the dashboard is, without a trailing slash; null = there is none. */
  readonly dashboard: () => string | null
  readonly tell: (text: string) => void
}

const NAME_WORDS = 'up to 63 letters, digits, or . _ @ + -, with a letter or a digit first'
const name = like(USER_NAME, NAME_WORDS)
const anyName = like(ANY_USER_NAME, `${NAME_WORDS}; or that behind "oidc:"`)
const role = oneOf(roles)

/** Its own words, because a refusal quotes what it refuses. */
const password: Reader<string> = {
  allowed: 'a text',
  schema: { type: 'string', minLength: 12, maxLength: 256 },
  read: (text) => text,
}

const path = { name: called('the user', anyName) }
const changed = { 200: { says: 'The user as he is now', schema: oneUser } } as const
const bodyOf = (properties: Readonly<Record<string, Reader<unknown>>>) => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(properties).map(([key, { schema }]) => [key, schema]),
  ),
  required: Object.keys(properties),
  additionalProperties: false,
})

const list = {
  role: 'admin',
  summary: 'List the users of the dashboard',
  answers: { 200: { says: 'All users, by name', schema: userList } },
} as const

const add = {
  role: 'admin',
  audit: 'user.add',
  summary: 'Make a user, and a link that lets him in once',
  body: bodyOf({ name, role }),
  answers: { 201: { says: 'The user, and the link for the only time', schema: newUser } },
  refusals: [409],
} as const

const link = {
  role: 'admin',
  audit: 'user.link',
  summary: 'Make a link that lets a user in once, within 15 minutes; earlier ones end',
  path,
  answers: { 201: { says: 'The link, for the only time', schema: userLink } },
  refusals: [404, 409],
} as const

const setPassword = {
  role: 'admin',
  audit: 'user.password',
  summary: 'Set the password of a user; ends his sessions',
  path,
  body: bodyOf({ password }),
  answers: changed,
  refusals: [404, 409],
} as const

const setRole = {
  role: 'admin',
  audit: 'user.role',
  summary: 'Give a user another role, from now on',
  path,
  body: bodyOf({ role }),
  answers: changed,
  refusals: [404, 409],
} as const

const disable = {
  role: 'admin',
  audit: 'user.disable',
  summary: 'Let a user in no more; ends his sessions',
  path,
  answers: changed,
  refusals: [404],
} as const

const enable = {
  role: 'admin',
  audit: 'user.enable',
  summary: 'Let a user in again',
  path,
  answers: changed,
  refusals: [404],
} as const

const remove = {
  role: 'admin',
  audit: 'user.remove',
  summary: 'Remove a user; ends his sessions',
  path,
  answers: { 200: { says: 'The user as he was', schema: oneUser } },
  refusals: [404],
} as const

export function userRoutes(routes: Routes, parts: UserParts): void {
  const accounts = (): Accounts => parts.accounts ?? none()
  routes.get('/users', list, async (c) => c.json({ users: await accounts().users.list() }))
  routes.post('/users', add, async (c) => {
    const fields = readFields(await c.req.text(), { name, role }, EXAMPLE)
    const wanted = { name: needed(fields.name, 'name'), role: needed(fields.role, 'role') }
    c.set('about', `user ${wanted.name} (${wanted.role})`)
    if (parts.dashboard() === null) none() // before there is a user whom nothing lets in
    const user = await accounts().users.create({ ...wanted, createdBy: callerOf(c) })
    parts.tell(`user ${user.name} (${user.role}) made by ${callerOf(c)}`)
    return c.json({ user, link: await linkFor(parts, accounts(), user) }, 201)
  })
  routes.post('/users/:name/link', link, async (c, { path }) => {
    c.set('about', `user ${path.name}`)
    const user = await found(accounts(), path.name)
    refuseVouched(user, 'link')
    return c.json({ link: await linkFor(parts, accounts(), user) }, 201)
  })
  routes.post('/users/:name/password', setPassword, async (c, { path }) => {
    c.set('about', `user ${path.name}`)
    const fields = readFields(await c.req.text(), { password }, 'Send {"password": "…"}.')
    const given = needed(fields.password, 'password')
    const problem = passwordProblem(given)
    if (problem !== null) throw new RunhookError('invalid', `The password ${problem}.`)
    refuseVouched(await found(accounts(), path.name), 'password') // before the work
    const user = await accounts().users.setPassword(path.name, await hashPassword(given))
    return c.json({ user })
  })
  routes.post('/users/:name/role', setRole, async (c, { path }) => {
    const fields = readFields(await c.req.text(), { role }, 'Send {"role": "operator"}.')
    const given = needed(fields.role, 'role')
    c.set('about', `user ${path.name} (${given})`)
    refuseVouched(await found(accounts(), path.name), 'role')
    const user = await accounts().users.setRole(path.name, given)
    parts.tell(`user ${user.name} is ${user.role} now, by ${callerOf(c)}`)
    return c.json({ user })
  })
  endingRoutes(routes, accounts)
  sessionRoutes(routes, accounts)
}

function endingRoutes(routes: Routes, accounts: () => Accounts): void {
  routes.post('/users/:name/disable', disable, async (c, { path }) => {
    c.set('about', `user ${path.name}`)
    return c.json({ user: await accounts().users.disable(path.name, Date.now()) })
  })
  routes.post('/users/:name/enable', enable, async (c, { path }) => {
    c.set('about', `user ${path.name}`)
    return c.json({ user: await accounts().users.enable(path.name) })
  })
  routes.delete('/users/:name', remove, async (c, { path }) => {
    c.set('about', `user ${path.name}`)
    return c.json({ user: await accounts().users.remove(path.name) })
  })
}

const EXAMPLE = 'Send {"name": "ada", "role": "operator"}.'

function needed<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined) return value
  throw new RunhookError('invalid', `${name} is missing.`)
}

async function found({ users }: Accounts, name: string): Promise<User> {
  const user = await users.find(name)
  if (user) return user
  throw new RunhookError('not-found', `There is no user "${name}".`, {
    hint: `"runhook user list" shows them all; "runhook user add ${name} --role viewer" makes one.`,
  })
}

/** What the provider and the rules say of somebody, nobody says beside them: there would be two truths. */
function refuseVouched({ name, identity, createdBy }: User, what: 'link' | 'password' | 'role') {
  if (identity === null) return
  const says =
    what === 'role'
      ? 'gives him his role at each login'
      : `signs him in, and no ${what} of ours does`
  throw new RunhookError('conflict', `${createdBy} knows "${name}": it ${says}.`, {
    hint:
      what === 'role'
        ? 'Change it there, or "roles" of "oidc" in the hooks file.'
        : `"runhook user disable ${name}" keeps him out.`,
  })
}

async function linkFor(
  { dashboard }: Pick<UserParts, 'dashboard'>,
  accounts: Accounts,
  { id: userId, name, disabledAt }: User,
): Promise<string> {
  if (disabledAt !== null) {
    throw new RunhookError('conflict', `The user "${name}" is disabled.`, {
      hint: `"runhook user enable ${name}" lets him in again.`,
    })
  }
  return makeLink(accounts, dashboard() ?? none(), userId)
}

/** Null: for the first admin. */
export async function makeLink(
  { links }: Pick<Accounts, 'links'>,
  dashboard: string,
  userId: number | null,
): Promise<string> {
  const value = makeSecret()
  const hash = digestOf(value) ?? Buffer.alloc(0) // a value that we made has one
  await links.create({ hash, userId, at: Date.now() })
  return `${dashboard}/-/link/${value}`
}

function none(): never {
  throw new RunhookError('conflict', 'This server has no dashboard to sign in to.', {
    hint: 'Take "dashboard": false out of "server" in the hooks file.',
  })
}
