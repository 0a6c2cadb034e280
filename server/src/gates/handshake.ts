import type { IncomingMessage } from 'node:http'
import { after, commonProtocol, type Handshake, type Limits, protocol, type Refusal, systemClock } from '@anchorleg/shared'
import { handshake } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import type { Doorkeeper } from '../identity/doorkeeper.js'
import type { Principal, Role } from '../identity/principal.js'
import { Unidentified } from '../identity/unidentified.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Admission } from './admission.js'
import { isOwnOrigin } from './foreignOrigin.js'
import { Refused, refuse } from './refused.js'
import { turnstileOf } from './turnstile.js'

/** A refused handshake: Socket.IO hands `data` to the peer. */
class HandshakeRefused extends Error {
  constructor(readonly data: Refusal) {
    super(data.message)
  }
}

/** What is known of a connection from its handshake on: `socket.data`. */
export interface PeerData {
  readonly principal: Principal
  /** The hub ends the connection because its principal's time is over: the peer will be back with another token. */
  expired?: boolean
}

type PrincipalOf<R extends Role> = Extract<Principal, { role: R }>

interface Terms<R extends Role> {
  readonly role: R
  readonly doorkeeper: Doorkeeper
  readonly admission: Admission
  readonly limits: Limits
  readonly telemetry: TelemetryBus
  /** Which pages may come in: any that reached us, those of the hub itself, or none, because a page never is a worker. */
  readonly origin?: 'any' | 'own' | 'none'
}

/**
 * Lets peers of a known protocol version into a namespace, if they are who they must be there, and welcomes each with the version
 * spoken and the hub's limits. When a principal's time is over, it ends the connection, and says so.
 */
export function shakeHands<R extends Role>(namespace: Namespace, terms: Terms<R>, enter: (socket: Socket, principal: PrincipalOf<R>) => void): void {
  namespace.use((socket, next) => {
    // Finding out who somebody is costs more than asking for it.
    if (!turnstileOf(socket).knock()) return turnstileOf(socket).cut('too many handshakes')
    identify(socket, terms).then(
      (principal) => {
        socket.data = { principal } satisfies PeerData
        const refusal = terms.admission.tenant(socket, principal)
        if (!refusal) return next()
        terms.telemetry.tell({ type: 'peer.refused', code: refusal.code, reason: refusal.message })
        next(new HandshakeRefused(refusal))
      },
      (error: unknown) => {
        const { refusal, reason } = refusalOf(error)
        terms.telemetry.tell({ type: 'peer.refused', code: refusal.code, reason })
        next(new HandshakeRefused(refusal))
      },
    )
  })
  namespace.on('connection', (socket: Socket) => {
    const { principal } = socket.data as PeerData
    if (!turnstileOf(socket).join(socket)) return
    enter(socket, principal as PrincipalOf<R>)
    socket.emit('welcome', { protocol: protocol.max, limits: terms.limits })
    endInTime(socket, principal)
  })
}

/** Refuses whoever comes: for the namespace that Socket.IO opens by itself, which leads nowhere. */
export function letNobodyIn(namespace: Namespace): void {
  namespace.use((_, next) => next(new HandshakeRefused({ code: 'forbidden', message: 'Nothing is served here.' })))
}

async function identify<R extends Role>({ request, handshake: { auth, query } }: Socket, { role, doorkeeper, origin }: Terms<R>): Promise<Principal> {
  checkOrigin(request, origin)
  if (Object.keys(query).some((name) => tokenNames.has(name.toLowerCase()))) {
    throw refuse('unauthorized', 'A token comes in the handshake’s auth, never in an address: addresses are logged. Use another token from now on.')
  }
  const { token } = readHandshake(auth)
  const principal = await doorkeeper.identify(role, token, request)
  if (principal.role !== role) throw refuse('forbidden', `The token’s role is ${principal.role}; here it must be ${role}.`)
  return principal
}

/** Names under which tokens are put into addresses. */
const tokenNames = new Set(['token', 'access_token', 'auth', 'authorization', 'jwt', 'secret'])

function checkOrigin(request: IncomingMessage, origin: Terms<Role>['origin']): void {
  if (request.headers.origin === undefined || origin === undefined || origin === 'any') return
  if (origin === 'none') throw refuse('forbidden', 'A page cannot connect as a worker.')
  if (!isOwnOrigin(request)) throw refuse('forbidden', 'Only the hub’s own pages connect as admin.')
}

function readHandshake(auth: unknown): Handshake {
  const parsed = handshake.safeParse(auth)
  if (!parsed.success) throw refuse('forbidden', 'The handshake does not name its protocol version.')
  const theirs = parsed.data.protocol
  if (commonProtocol(protocol, theirs) !== undefined) return parsed.data
  const speaks = (range: { min: number; max: number }) => (range.min === range.max ? `version ${range.max}` : `versions ${range.min} to ${range.max}`)
  throw refuse('forbidden', `This hub speaks protocol ${speaks(protocol)}; the SDK that connects speaks ${speaks(theirs)}.`)
}

/** Why somebody does not come in: as they are told, and as the log says it. */
function refusalOf(error: unknown): { readonly refusal: Refusal; readonly reason: string } {
  if (error instanceof Refused) return { refusal: error.refusal, reason: error.message }
  if (error instanceof Unidentified) return { refusal: { code: 'unauthorized', message: error.message }, reason: error.reason }
  return {
    refusal: { code: 'unauthorized', message: 'The hub could not find out who this is.' },
    reason: `It could not be found out who this is: ${error instanceof Error ? error.name : 'unknown'}.`,
  }
}

function endInTime(socket: Socket, { expiresAt = Number.POSITIVE_INFINITY }: Principal): void {
  const stop = after(expiresAt - systemClock.now(), () => {
    const data: PeerData = socket.data
    data.expired = true
    socket.emit('goodbye', { code: 'unauthorized', message: 'The token has expired.' } satisfies Refusal)
    socket.disconnect(true)
  })
  socket.on('disconnect', stop)
}
