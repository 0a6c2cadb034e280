import { addressOf, type HubUrl } from './address.js'
import { type Client, makeClient } from './client.js'
import type { Token } from './connection.js'
import { demand, lifetime, type Opt, optionsOf } from './options.js'

/** The options of {@link connect}. */
export type ConnectOptions = Opt<{
  /** Who we are; a function is asked on every connection, so a token that has run out is replaced. */
  token: Token
  /** Where Socket.IO listens on the hub. Default `/socket.io/`, below the url's own path. */
  path: string
  /** Milliseconds after which `async` gives up with `unreachable`. Default 10,000. */
  submitTimeout: number
}>

/**
 * A client of the hub at this address, by default the page's own origin. Of a list of hubs on one store any will do: it begins
 * with one by chance, and turns to the next when one cannot be reached or is lost, keeping what it awaits. It is synchronous and opens nothing before first
 * use; reading `ready` is a use. The connection then keeps itself up until it is refused or closed.
 * @throws {TypeError} for an address or an option that is not as it must be
 */
export function connect(url?: HubUrl, options?: ConnectOptions): Client {
  const { submitTimeout = 10_000, token, path } = optionsOf(options, ['token', 'path', 'submitTimeout'])
  demand('submitTimeout', lifetime, submitTimeout)
  return makeClient({ ...addressOf(url, { token, path }), submitTimeout })
}
