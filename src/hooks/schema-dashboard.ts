/** What a user writes about the dashboard and who signs in to it: under "server". See schema.ts. */

import * as v from 'valibot'
import { key, text } from './schema-parts.ts'

const portWords = 'a port; write a number from 0 to 65535'

/** As text it comes from a variable. */
export const port = v.union(
  [
    v.pipe(
      v.number(portWords),
      v.integer(portWords),
      v.minValue(0, portWords),
      v.maxValue(65535, portWords),
    ),
    v.pipe(v.string(portWords), v.regex(/^\d{1,5}$/, portWords)),
  ],
  portWords,
)

const dashboardWords = 'false, or an object such as { "port": 9001 }'

export const dashboard = v.union(
  [
    v.literal(false),
    v.strictObject(
      {
        host: key(
          'Host',
          'Address that the dashboard and the API listen on. Default: 127.0.0.1.',
          text('an address'),
        ),
        port: key(
          'Port',
          'Port of their own, so that only the hooks need be open to the world.',
          port,
        ),
        'public-url': key(
          'Public URL',
          'The address by which people reach the dashboard, such as https://runs.example.com, without a path. Default: "public-url" of "server", where it has no port of its own.',
          text('an address such as "https://runs.example.com"'),
        ),
      },
      dashboardWords,
    ),
  ],
  dashboardWords,
)

const role = v.picklist(['viewer', 'operator', 'admin'], '"viewer", "operator" or "admin"')

export const login = v.strictObject(
  {
    'proxy-header': key(
      'Proxy header',
      'Header in which a proxy names the user that it has signed in, such as Remote-User. Believed only of "trusted-proxies".',
      v.pipe(
        v.string('a name for a header; write "Remote-User"'),
        v.regex(/^[A-Za-z0-9-]{1,64}$/, 'a name for a header; write "Remote-User"'),
      ),
    ),
    role: key('Role', 'Of a user whom the proxy names for the first time. Default: viewer.', role),
    roles: key(
      'Roles',
      'Of users whom the proxy names for the first time, by their names; "role" is for all others.',
      v.record(v.string(), role, 'an object of names and roles, such as { "ada": "admin" }'),
    ),
  },
  'an object such as { "proxy-header": "Remote-User" }',
)
