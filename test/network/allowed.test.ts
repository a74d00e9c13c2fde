import { describe, expect, test } from 'vitest'
import { networkProblem, networksOf, plainAddress } from '../../src/network/allowed.ts'

describe('a network', () => {
  test.each(['10.0.0.0/8', '192.168.1.7', '0.0.0.0/0', '::1', 'fd00::/8', '2001:db8::/32', '::/0'])(
    'may be written %s',
    (text) => expect(networkProblem(text)).toBeNull(),
  )

  test.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0/8',
    '010.0.0.1',
    '::1/129',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    '10.0.0.1-10.0.0.9',
    '*',
    '::ffff:10.0.0.0/104',
    ' 10.0.0.1',
  ])('may not be written "%s"', (text) => expect(networkProblem(text)).not.toBeNull())

  test.each([
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['10.0.0.0/8', '::FFFF:0a00:0001', true],
    ['10.0.0.0/8', '0:0:0:0:0:ffff:10.0.0.1', true],
    ['10.0.0.0/8', '0:0:0:0:0:ffff:a00:1', true],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7', '192.168.1.70', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::1', '0000::0001', true],
    ['2001:db8::/32', '2001:0DB8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '10.0.0.1', false],
    ['10.0.0.0/8', '', false],
    ['10.0.0.0/8', '10.0.0.1, 1.1.1.1', false],
    ['10.0.0.0/8', 'garbage', false],
  ])('%s and %s: %s', (network, address, has) => {
    expect(networksOf([network]).has(address)).toBe(has)
  })
})

test.each([
  ['10.0.0.1', '10.0.0.1'],
  [' 10.0.0.1:8080 ', '10.0.0.1'],
  ['[2001:DB8::1]:443', '2001:db8::1'],
  ['[::1]', '::1'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['[::ffff:1.2.3.4]:80', '1.2.3.4'],
  ['fe80::1%eth0', 'fe80::1'],
  ['unknown', null],
  ['_hidden', null],
  ['1.2.3', null],
  ['1.2.3.4:x', null],
  ['[1.2.3.4', null],
  ['"1.2.3.4"', null],
])('the address in %s is %s', (text, address) => expect(plainAddress(text)).toBe(address))
