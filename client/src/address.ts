import type { Address, Token } from './connection.js'
import { type Check, demand, show } from './options.js'

const token: Check = (value) =>
  value === undefined || typeof value === 'string' || typeof value === 'function' ? undefined : 'a string or a function'
const path: Check = (value) => (typeof value === 'string' && value.startsWith('/') ? undefined : 'a path that starts with "/"')

interface Options {
  readonly token?: Token | undefined
  readonly path?: string | undefined
}

/** Where a hub is, or several of which any will do. */
export type HubUrl = string | URL | readonly (string | URL)[]

/**
 * Where hubs are, from their urls and the options of a client or a worker. A path in the url is a proxy's: Socket.IO is then
 * looked for below it.
 * @throws {TypeError}
 */
export function addressOf(url: HubUrl | undefined, options: Options): Omit<Address, 'namespace'> {
  demand('token', token, options.token)
  const urls = Array.isArray(url) ? (url as readonly (string | URL)[]) : [url as string | URL | undefined]
  if (urls.length === 0) throw new TypeError('url: expected one address at least, got none')
  return { addresses: urls.map((each) => placeOf(each, options.path)), token: options.token }
}

function placeOf(url: string | URL | undefined, givenPath: string | undefined): string {
  const { origin, pathname } = urlOf(url)
  const given = givenPath ?? `${pathname.replace(/\/$/, '')}/socket.io`
  demand('path', path, given)
  return `${origin}${given.replace(/\/?$/, '/')}`
}

function urlOf(url: string | URL | undefined): { origin: string; pathname: string } {
  const page = (globalThis as { location?: { readonly href?: string; readonly origin?: string } }).location
  const { href, protocol, host, pathname } = parse(url ?? page?.origin, page?.href) ?? {}
  if (href === undefined || !/^(http|ws)s?:$/.test(protocol ?? '')) throw new TypeError(`url: expected an http or https address, got ${show(url)}`)
  return { origin: `${protocol}//${host}`, pathname: pathname ?? '/' }
}

function parse(url: string | URL | undefined, base: string | undefined): URL | undefined {
  if (url === undefined || !URL.canParse(String(url), base)) return undefined
  return new URL(String(url), base)
}
