import { expect, test } from 'vitest'
import { aFolder, REF, SECRET, written } from './written.ts'

const hook = { url: '/a', token: REF, run: 'true' }

async function hiddenOf(
  env: Record<string, string>,
  environment: Record<string, string> = {},
  more: Record<string, unknown> = {},
) {
  const file = { hooks: { a: { ...hook, env } }, ...more }
  const { config, shown } = await written(file, { environment: { SECRET, ...environment } })
  if (config === null) throw new Error(shown)
  return config.hidden.filter((value) => value !== '' && value !== SECRET)
}

test('secrets and tokens of every hook and host are hidden, wherever they come from', async () => {
  const values = ['one', 'two', 'three', 'four', 'five'].map(
    (name) => `${name}-0123456789-0123456789`,
  )
  const [one = '', two = '', three = '', four = '', five = ''] = values
  const { config, shown } = await written(
    {
      hosts: { github: { secret: [`\${ONE}`, { file: 'two' }] } },
      hooks: {
        a: { repo: 'github:acme/site', secret: three, run: 'true' },
        b: { url: '/b', token: `\${FOUR}`, run: 'true', enabled: false },
        c: { url: '/c', secret: { credential: 'five' }, run: 'true' },
      },
    },
    {
      files: { two: `${two}\n`, '.env': `FOUR=${four}\n` },
      environment: { ONE: one, CREDENTIALS_DIRECTORY: aFolder({ five }) },
    },
  )
  expect(config?.hidden, shown).toEqual(expect.arrayContaining(values))
})

test('passwords of people who may call are hidden', async () => {
  const password = 'correct horse battery staple'
  const hooks = { a: { url: '/a', users: { ada: `\${PASSWORD}` }, run: 'true' } }
  const { config, shown } = await written({ hooks }, { environment: { PASSWORD: password } })
  expect(config?.hidden, shown).toContain(password)
})

test('what env takes from variables is hidden; what stands in the file is not', async () => {
  const env = { API_KEY: `\${KEY}`, MODE: 'production', URL: `https://x.org/?k=\${KEY}&m=\${MORE}` }
  const environment = { KEY: 'key-from-the-environment', MORE: 'more-from-there' }
  expect(await hiddenOf(env, environment)).toEqual(['key-from-the-environment', 'more-from-there'])
})

test('so is what the defaults give to every hook', async () => {
  const defaults = { env: { API_KEY: `\${KEY}` } }
  expect(await hiddenOf({}, { KEY: 'key-of-all-hooks' }, { defaults })).toEqual([
    'key-of-all-hooks',
  ])
})

test('a default that stands in the file is no secret, also where a variable says the same', async () => {
  const env = { NODE_ENV: `\${NODE_ENV:-production}` }
  expect(await hiddenOf(env)).toEqual([])
  expect(await hiddenOf(env, { NODE_ENV: 'production' })).toEqual([])
  expect(await hiddenOf(env, { NODE_ENV: 'staging-7' })).toEqual(['staging-7'])
})

test('what the environment says of the machine is no secret', async () => {
  const env = { PATH: `\${HOME}/bin:\${PATH}`, CACHE: `\${HOME}/cache` }
  expect(await hiddenOf(env, { HOME: '/home/deploy', PATH: '/usr/local/bin:/bin' })).toEqual([])
})

test.each([
  ['postgres://app:s3cr%40tpw@db.example.com/site', ['s3cr%40tpw', 's3cr@tpw']],
  ['redis://:only-a-password@127.0.0.1:6379/0', ['only-a-password']],
  ['amqp://a:p@ss:word@host', ['p@ss:word']],
  ['https://ghp_0123456789abcdef01@github.com/x', ['ghp_0123456789abcdef01']],
  ['https://git@github.com/x and http://a.org/b:c@d', []],
  ['a=http://u:first-one@h,b=http://u:second-one@h', ['first-one', 'second-one']],
])('passwords in the URLs of %s are hidden', async (url, passwords) => {
  expect(await hiddenOf({ DATABASE_URL: url })).toEqual(passwords)
})

test('the part of a secret that is sent alone is hidden alone, and a public key is not hidden', async () => {
  const { config, shown } = await written({
    hooks: {
      a: { url: '/a', secret: `whsec_${Buffer.from(SECRET).toString('base64')}`, run: 'true' },
      b: { repo: 'azure:acme/site', secret: `hook:${SECRET}`, run: 'true' },
    },
  })
  expect(config?.hidden, shown).toEqual(
    expect.arrayContaining([Buffer.from(SECRET).toString('base64'), `hook:${SECRET}`, SECRET]),
  )
})
