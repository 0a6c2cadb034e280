import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

/**
 * Where a request comes from. Each of the trusted proxies has added the address that it saw to `X-Forwarded-For`; what stands
 * before those entries, the peer may have made up. Of IPv6 it is the network: one peer has all the addresses in it.
 */
export function peerAddress({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>, trustedProxies: number): string {
  const direct = socket.remoteAddress ?? 'unknown'
  if (trustedProxies === 0) return networkOf(direct)
  const hops = [headers['x-forwarded-for'] ?? []].flat().join().split(',')
  const claimed = (hops.at(-trustedProxies) ?? hops[0] ?? '').trim()
  return networkOf(isIPv4(claimed) || isIPv6(claimed) ? claimed : direct)
}

function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? []
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups(head).length - groups(tail).length)).fill('0')
  const whole = [...groups(head), ...zeros, ...groups(tail)]
  return `${whole
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
