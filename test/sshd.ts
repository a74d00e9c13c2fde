/** A real SSH server on a port of its own, which takes the keys in `authorized` for the user who runs it. */

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { aDirectory, until } from './some.ts'

export interface SshServer {
  /** `ssh://root@127.0.0.1:40022` */
  readonly url: string
  /** For GIT_SSH_COMMAND: takes keys and known hosts from this folder alone. */
  readonly command: string
  /** Lets the client in. */
  authorize(): void
  /** Makes the server's host key known to the client. */
  know(): void
}

export async function anSshServer(): Promise<SshServer> {
  const folder = aDirectory()
  const at = (name: string) => join(folder, name)
  for (const name of ['host', 'client'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  for (const name of ['authorized', 'known']) writeFileSync(at(name), '')
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const port = await freePort()
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('authorized')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
  ]
  writeFileSync(at('sshd_config'), `${settings.join('\n')}\n`)
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void server.kill())
  let said = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await until(() => /Server listening/.test(said), `the start of sshd (${said})`)
  const options = {
    UserKnownHostsFile: at('known'),
    GlobalKnownHostsFile: '/dev/null',
    IdentityFile: at('client'),
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
  }
  const words = Object.entries(options).map(([name, value]) => `-o ${name}=${value}`)
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    command: `ssh -F /dev/null ${words.join(' ')}`,
    authorize: () => execFileSync('cp', [at('client.pub'), at('authorized')]),
    know() {
      const keys = execFileSync('cat', [at('host.pub')], { encoding: 'utf8' })
      writeFileSync(at('known'), `[127.0.0.1]:${port} ${keys}`)
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0
      server.close(() => resolve(port))
    })
  })
}
