import { describe, expect, test } from 'vitest'
import { networksOf } from '../../src/network/allowed.ts'
import { clientAddress } from '../../src/network/client.ts'

const trusted = networksOf(['127.0.0.1', '::1', '10.0.0.0/8', '2001:db8:1::/48'])
const none = networksOf([])
const client = (socket: string | undefined, forwarded?: string | string[]) =>
  clientAddress(socket, forwarded, trusted)

describe('the client is', () => {
  test.each([
    ['the socket, where no proxy is', '203.0.113.7', undefined, '203.0.113.7'],
    ['the socket, whatever a stranger forwards', '203.0.113.7', '10.0.0.1', '203.0.113.7'],
    ['whom our proxy names', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    [
      'whom our proxy names, as IPv6 wraps it',
      '::ffff:127.0.0.1',
      '::ffff:203.0.113.7',
      '203.0.113.7',
    ],
    [
      'the right-most, for the left is his own word',
      '127.0.0.1',
      '10.9.9.9, 1.1.1.1, 203.0.113.7',
      '203.0.113.7',
    ],
    [
      'who stands before a chain of ours',
      '127.0.0.1',
      '6.6.6.6, 203.0.113.7, 10.0.0.2, 10.0.0.1',
      '203.0.113.7',
    ],
    ['the first of a chain that is ours throughout', '127.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the proxy itself, when it names nobody', '127.0.0.1', undefined, '127.0.0.1'],
    [
      'the proxy itself, when it names nobody we can read',
      '127.0.0.1',
      '203.0.113.7, unknown',
      '127.0.0.1',
    ],
    [
      'the proxy before which something unreadable stands',
      '127.0.0.1',
      '203.0.113.7, garbage, 10.0.0.2',
      '10.0.0.2',
    ],
    ['the proxy itself, for an empty entry', '127.0.0.1', '203.0.113.7,', '127.0.0.1'],
    ['without port and brackets', '::1', '[2001:DB8:2::7]:443', '2001:db8:2::7'],
    ['with its port left out', '127.0.0.1', '203.0.113.7:50312', '203.0.113.7'],
    [
      'through a proxy that writes IPv6 in full',
      '2001:0db8:0001:0:0:0:0:9',
      '203.0.113.7',
      '203.0.113.7',
    ],
    ['no injected line', '127.0.0.1', '203.0.113.7\r\n10.0.0.1', '127.0.0.1'],
    ['nobody, where the socket tells nothing', undefined, '203.0.113.7', ''],
  ] as const)('%s', (_, socket, forwarded, address) => {
    expect(client(socket, forwarded)).toBe(address)
  })

  test('the right-most of several headers, in their order', () => {
    expect(client('127.0.0.1', ['6.6.6.6', '203.0.113.7, 10.0.0.2'])).toBe('203.0.113.7')
  })

  test('always the socket while no proxy is trusted', () => {
    expect(clientAddress('127.0.0.1', '203.0.113.7', none)).toBe('127.0.0.1')
  })
})
