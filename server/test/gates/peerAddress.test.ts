import { describe, expect, test } from 'vitest'
import { peerAddress } from '#server/gates/peerAddress.js'

const from = (remoteAddress: string | undefined, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as never

describe('without trusted proxies', () => {
  test('what a peer says of itself counts for nothing', () => {
    expect(peerAddress(from('203.0.113.7', '198.51.100.1'), 0)).toBe('203.0.113.7')
  })

  test('an IPv4 address is one, however it is written', () => {
    expect(peerAddress(from('::ffff:203.0.113.7'), 0)).toBe('203.0.113.7')
  })

  test('of IPv6 it is the network, however it is written', () => {
    const network = '2001:db8:0:7::/64'
    for (const address of ['2001:db8:0:7::1', '2001:0db8:0000:0007:ffff:0:0:2', '2001:db8:0:7:1:2:3:4']) {
      expect(peerAddress(from(address), 0)).toBe(network)
    }
    expect(peerAddress(from('2001:db8:0:8::1'), 0)).not.toBe(network)
    expect(peerAddress(from('fe80::1%eth0'), 0)).toBe('fe80:0:0:0::/64')
  })

  test('a peer that has gone already is nobody in particular', () => {
    expect(peerAddress(from(undefined), 0)).toBe('unknown')
  })
})

describe('behind proxies', () => {
  test.each([
    [1, '198.51.100.1', '198.51.100.1'],
    [1, '10.9.9.9, 198.51.100.1', '198.51.100.1'],
    [2, '10.9.9.9, 198.51.100.1, 192.0.2.1', '198.51.100.1'],
    [2, '198.51.100.1', '198.51.100.1'],
    [1, 'not an address', '203.0.113.7'],
    [1, '', '203.0.113.7'],
    [1, undefined, '203.0.113.7'],
  ])('%i trusted, X-Forwarded-For %s: it is %s', (trusted, forwarded, address) => {
    expect(peerAddress(from('203.0.113.7', forwarded), trusted)).toBe(address)
  })
})
