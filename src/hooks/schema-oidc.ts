/** What a user writes about signing in by OpenID Connect: under "server". See schema.ts. */

import * as v from 'valibot'
import { duration, key, listOf, secret, text } from './schema-parts.ts'

const valueWords = 'a value of a claim; write a text such as "ops", or a list of them'
const claimsWords = 'an object of claims and values, such as { "groups": "ops" }'

const value = v.union(
  [v.pipe(v.string(valueWords), v.minLength(1, valueWords)), v.number(valueWords), v.boolean()],
  valueWords,
)

const values = listOf(value, valueWords)
const claims = v.record(v.string(), values, claimsWords)

export type ClaimWritten = v.InferInput<typeof values>

const rule = listOf(claims, `${claimsWords}, or a list of them`)

const roleKey = (title: string, may: string) =>
  key(
    title,
    `Who ${may}: of each claim named here he has one of the values. Of a list of such objects one is enough.`,
    rule,
  )

const roles = v.strictObject(
  {
    viewer: roleKey('Viewers', 'may look at everything'),
    operator: roleKey('Operators', 'may also start, cancel, re-run and redeliver'),
    admin: roleKey('Admins', 'may also see secrets and the audit log, and manage users and tokens'),
  },
  'an object of roles and claims, such as { "operator": { "groups": "ops" } }',
)

export const oidc = v.strictObject(
  {
    issuer: key(
      'Issuer',
      'Address of the provider as it calls itself: what stands before /.well-known/openid-configuration.',
      text('an address such as "https://id.example.com"'),
    ),
    'client-id': key(
      'Client id',
      'By which the provider knows this server.',
      text('a text, as the provider shows it'),
    ),
    'client-secret': key(
      'Client secret',
      'What the provider gave this server to prove itself with.',
      secret,
    ),
    scopes: key(
      'Scopes',
      'What the provider is asked to tell of a person. Default: "openid profile email"; "openid" need not be written.',
      listOf(text('a scope such as "groups"'), 'a list of scopes such as ["profile", "groups"]'),
    ),
    roles: key(
      'Roles',
      'Who may do what, by the claims that the provider makes of him, asked anew at each login. Who fits several has the highest; who fits none gets no access.',
      roles,
    ),
    'name-claim': key(
      'Name claim',
      'Claim by which people are called here. Default: preferred_username, else a verified email, else name.',
      text('the name of a claim such as "preferred_username"'),
    ),
    label: key(
      'Label',
      'What the button on the login page calls the provider. Default: its host.',
      text('a text such as "Acme"'),
    ),
    session: key(
      'Session',
      'After how long the provider is asked again who somebody is. Default: 24h.',
      duration,
    ),
  },
  'an object such as { "issuer": "https://id.example.com", … }',
)
