import type { z } from 'zod'

/** What peers may use of a hub, beside the sizes of what they send. */
export interface Bounds {
  /** Connections from one address at once. */
  readonly connectionsPerAddress: number
  /** Connections of one tenant at once. */
  readonly connectionsPerTenant: number
  /** Refs that one connection awaits or watches at once. */
  readonly awaitsPerConnection: number
  /** Jobs that one tenant submits, per second. */
  readonly submitsPerTenant: number
  /** Jobs that one connection submits, per second. */
  readonly submitsPerConnection: number
  /** Messages that one connection sends, per second. */
  readonly messagesPerConnection: number
  /** What may wait for a peer that does not read, and what of a peer's messages may be worked on at once, in bytes. */
  readonly bufferLimit: number
  /** How long a request may take to arrive, and a connection to join a namespace, in ms. */
  readonly handshakeTimeout: number
  /** How many proxies are before the hub, each of which adds the address it sees to `X-Forwarded-For`. */
  readonly trustProxy: number
}

/** Of a hub whose peers have identities. */
export const defaultBounds: Bounds = {
  connectionsPerAddress: 1_000,
  connectionsPerTenant: 10_000,
  awaitsPerConnection: 10_000,
  submitsPerTenant: 10_000,
  submitsPerConnection: 5_000,
  messagesPerConnection: 10_000,
  bufferLimit: 16 * 1024 * 1024,
  handshakeTimeout: 10_000,
  trustProxy: 0,
}

/** Of a hub that knows nobody: whoever reaches it is this machine's own, and shares one address and one tenant with all others. */
const boundsAmongFriends: Bounds = {
  ...defaultBounds,
  connectionsPerAddress: 0,
  connectionsPerTenant: 0,
  awaitsPerConnection: 0,
  submitsPerTenant: 0,
  submitsPerConnection: 0,
}

type Whole = (min: number, max: number) => z.ZodType<number>

/** Options of a hub that set its bounds; for most of them 0 is no bound. */
export function boundOptions(whole: Whole) {
  const optional = (min: number, max: number) => whole(min, max).optional()
  return {
    connectionsPerAddress: optional(0, 1e9),
    connectionsPerTenant: optional(0, 1e9),
    awaitsPerConnection: optional(0, 1e9),
    submitsPerTenant: optional(0, 1e9),
    submitsPerConnection: optional(0, 1e9),
    messagesPerConnection: optional(0, 1e9),
    bufferLimit: optional(65_536, 2 ** 40),
    handshakeTimeout: optional(100, 600_000),
    trustProxy: optional(0, 100),
  }
}

/** What was asked for, and the defaults for the rest. 0 is no bound. */
export function readBounds(given: { readonly [Name in keyof Bounds]?: number | undefined }, knowsPeers: boolean): Bounds {
  const defaults = knowsPeers ? defaultBounds : boundsAmongFriends
  const names = Object.keys(defaults) as (keyof Bounds)[]
  return Object.fromEntries(names.map((name) => [name, unbounded(name, given[name] ?? defaults[name])])) as unknown as Bounds
}

function unbounded(name: keyof Bounds, value: number): number {
  return value === 0 && name !== 'trustProxy' ? Number.POSITIVE_INFINITY : value
}
