import type { Limits } from '@anchorleg/shared'
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

/** Those of a hub's options that set its bounds. */
export type BoundOptions = { readonly [Name in keyof Bounds]?: Bounds[Name] | undefined }

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

interface Circumstances {
  readonly limits: Limits
  /** Whether peers have identities. */
  readonly knowsPeers: boolean
}

/** What may wait for one peer is never less than so many frames. */
const leastFrames = 4

/** What was asked for, and the defaults for the rest. 0 is no bound. */
export function readBounds(given: BoundOptions, { limits, knowsPeers }: Circumstances): Bounds {
  const { trustProxy, ...asked } = { ...(knowsPeers ? defaultBounds : boundsAmongFriends), ...defined(given) }
  const finite = (value: number) => (value === 0 ? Number.POSITIVE_INFINITY : value)
  return {
    trustProxy,
    connectionsPerAddress: finite(asked.connectionsPerAddress),
    connectionsPerTenant: finite(asked.connectionsPerTenant),
    awaitsPerConnection: finite(asked.awaitsPerConnection),
    submitsPerTenant: finite(asked.submitsPerTenant),
    submitsPerConnection: finite(asked.submitsPerConnection),
    messagesPerConnection: finite(asked.messagesPerConnection),
    bufferLimit: Math.max(asked.bufferLimit, leastFrames * limits.frameBytes),
    handshakeTimeout: asked.handshakeTimeout,
  }
}

function defined(given: BoundOptions): Partial<Bounds> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
