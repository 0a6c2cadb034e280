import type { IncomingMessage } from 'node:http'
import type { Refusal } from '@anchorleg/shared'
import type { Socket } from 'socket.io'
import type { Bounds } from '../bounds.js'
import type { Principal } from '../identity/principal.js'
import { Headcount } from './headcount.js'
import { peerAddress } from './peerAddress.js'

/** How long whoever finds no room is asked to stay away, in seconds. */
const retryAfter = 5

type Places = Pick<Bounds, 'connectionsPerAddress' | 'connectionsPerTenant' | 'trustProxy'>

/** Lets in as many connections of one address, and of one tenant, as there may be at once. */
export class Admission {
  readonly #addresses = new Headcount()
  readonly #tenants = new Headcount()

  constructor(private readonly bounds: Places) {}

  /** Counts a request for a connection until its line closes. Answers with why there is no room for it. */
  line(request: IncomingMessage): string | undefined {
    const { connectionsPerAddress, trustProxy } = this.bounds
    const address = peerAddress(request, trustProxy)
    const leave = this.#addresses.enter(address, connectionsPerAddress)
    if (!leave) return `There are ${connectionsPerAddress} connections from ${address} already.`
    request.socket.once('close', leave)
    return undefined
  }

  /** Counts a socket for its tenant until it, or its connection, closes. Answers with why there is no room for it. */
  tenant({ conn }: Pick<Socket, 'conn'>, { tenant, limits }: Pick<Principal, 'tenant' | 'limits'>): Refusal | undefined {
    if (tenant === undefined || conn.readyState !== 'open') return undefined
    const bound = limits?.connections ?? this.bounds.connectionsPerTenant
    const leave = this.#tenants.enter(tenant, bound)
    if (!leave) return { code: 'rate_limited', message: `This tenant has ${bound} connections already.`, retryAfter }
    conn.once('close', leave)
    return undefined
  }
}
