/**
 * The address that moves: what a virtual IP, a proxy or a name is in front of a primary and its standby. Real
 * sockets; the processes know this address alone.
 */

import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Forwarder {
  readonly port: number
  /** Where new connections go. Those there are stay where they are, as behind a proxy that leaves them alone. */
  leadTo(port: number): void
  /** Ends all connections there are. */
  cut(): void
  /** Nothing of the connections there are comes through any more, and nobody is told, as behind a NAT that forgot them. */
  forget(): void
  /** How many have ever been made. */
  readonly made: number
}

export async function aForwarder(to: number): Promise<Forwarder> {
  let target = to
  let made = 0
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer((near) => {
    made++
    const far = connect(target, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [from, other] of [pair, [far, near] as const]) {
      from.setNoDelay(true)
      from.on('error', () => undefined)
      from.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
      from.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const forgotten = new Set<Socket>()
  onTestFinished(() => {
    server.close()
    for (const socket of [...pairs].flat()) socket.destroy()
    for (const socket of forgotten) socket.destroy()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    leadTo(port) {
      target = port
    },
    cut() {
      for (const [near, far] of pairs) {
        near.destroy()
        far.destroy()
      }
    },
    forget() {
      for (const [near, far] of pairs) {
        for (const socket of [near, far]) {
          socket.unpipe()
          socket.removeAllListeners('close')
          socket.removeAllListeners('data')
          socket.resume() // taken, and thrown away
          forgotten.add(socket)
        }
      }
      pairs.clear()
    },
    get made() {
      return made
    },
  }
}

/** `url` by way of it. */
export function through(forwarder: Forwarder, url: string): string {
  return url.replace(/:\d+\//, `:${forwarder.port}/`)
}
