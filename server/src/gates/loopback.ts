import type { IncomingMessage } from 'node:http'
import { isLoopbackHost } from '../config.js'

/**
 * Why a hub that authenticates nobody refuses a request, or undefined. The address keeps other machines out, the Host
 * header keeps out names that were rebound to this machine, and the Origin keeps out pages of other sites: a browser does
 * not hold WebSockets to CORS.
 */
export function notLoopback(request: IncomingMessage): string | undefined {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown'
  if (!isLoopbackHost(address)) return `The address ${address} is not a loopback address.`
  const host = hostOf(`http://${request.headers.host ?? ''}`)
  if (host === undefined || !isLoopbackHost(host)) return 'The Host header does not name a loopback address.'
  const { origin } = request.headers
  const from = origin === undefined ? 'localhost' : hostOf(origin)
  if (from === undefined || !isLoopbackHost(from)) return 'The Origin is not a loopback address.'
  return undefined
}

function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' || protocol === 'https:' ? hostname.replace(/^\[|\]$/g, '') : undefined
}
