import { commonProtocol, type Limits, protocol, type Refusal } from '@anchorleg/shared'
import { handshake } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import { anyone, type Principal, type Role } from '../identity/principal.js'
import type { TelemetryBus } from '../telemetry.js'

/** A refused handshake: Socket.IO hands `data` to the peer. */
class HandshakeRefused extends Error {
  constructor(readonly data: Refusal) {
    super(data.message)
  }
}

/** What is known of a connection from its handshake on: `socket.data`. */
export interface PeerData {
  readonly principal: Principal
}

interface Terms<R extends Role> {
  readonly role: R
  readonly limits: Limits
  readonly telemetry: TelemetryBus
  /** Which pages may come in: any that reached us, those of the hub itself, or none, because a page never is a worker. */
  readonly origin?: 'any' | 'own' | 'none'
}

/** Lets peers of a known protocol version into a namespace, and welcomes each with the version spoken and the hub's limits. */
export function shakeHands<R extends Role>(
  namespace: Namespace,
  terms: Terms<R>,
  enter: (socket: Socket, principal: Principal & { role: R }) => void,
): void {
  namespace.use((socket, next) => {
    const refusal = refusalOf(socket, terms)
    if (!refusal) {
      socket.data = { principal: anyone(terms.role) } satisfies PeerData
      return next()
    }
    terms.telemetry.tell({ type: 'peer.refused', code: refusal.code, reason: refusal.message })
    next(new HandshakeRefused(refusal))
  })
  namespace.on('connection', (socket: Socket) => {
    enter(socket, (socket.data as PeerData).principal as Principal & { role: R })
    socket.emit('welcome', { protocol: protocol.max, limits: terms.limits })
  })
}

/** Refuses whoever comes: for the namespace that Socket.IO opens by itself, which leads nowhere. */
export function letNobodyIn(namespace: Namespace): void {
  namespace.use((_, next) => next(new HandshakeRefused({ code: 'forbidden', message: 'Nothing is served here.' })))
}

function refusalOf(socket: Socket, { origin = 'any' }: Terms<Role>): Refusal | undefined {
  const { headers } = socket.handshake
  const foreign = headers.origin !== undefined && origin !== 'any' && (origin === 'none' || new URL(headers.origin).host !== headers.host)
  if (foreign)
    return { code: 'forbidden', message: origin === 'none' ? 'A page cannot connect as a worker.' : 'Only the hub’s own pages connect as admin.' }
  const parsed = handshake.safeParse(socket.handshake.auth)
  if (!parsed.success) return { code: 'forbidden', message: 'The handshake does not name its protocol version.' }
  const theirs = parsed.data.protocol
  if (commonProtocol(protocol, theirs) !== undefined) return undefined
  const speaks = (range: { min: number; max: number }) => (range.min === range.max ? `version ${range.max}` : `versions ${range.min} to ${range.max}`)
  return { code: 'forbidden', message: `This hub speaks protocol ${speaks(protocol)}; the SDK that connects speaks ${speaks(theirs)}.` }
}
