import type { IncomingMessage } from 'node:http'
import { after, type Clock, systemClock } from '@anchorleg/shared'
import type { TokenKey } from './keys.js'
import { anyone, type Principal, type Role } from './principal.js'
import { principalSchema, wrongIn } from './principalSchema.js'
import { readToken } from './readToken.js'
import { Unidentified } from './unidentified.js'

/**
 * A hub's own way to find out who connects: from the token of the handshake, where there is one, and the request that opens the
 * connection. What it throws, what is no principal, and what takes longer than 5 s is `unauthorized` to the peer.
 */
export type Authenticate = (token: string | undefined, request: IncomingMessage) => Principal | undefined | PromiseLike<Principal | undefined>

export interface Identity {
  readonly keys: readonly TokenKey[]
  readonly issuer?: readonly string[] | undefined
  readonly audience?: readonly string[] | undefined
  readonly auth?: Authenticate | undefined
}

/** How long `auth` may take, in ms. */
const authWithin = 5_000

/** Knows who comes in. */
export class Doorkeeper {
  constructor(
    private readonly identity: Identity,
    private readonly clock: Clock = systemClock,
    private readonly within = authWithin,
  ) {}

  /** Whether everybody is let in, as whoever they say. */
  get isOpen(): boolean {
    return this.identity.keys.length === 0 && !this.identity.auth
  }

  /** Who comes with this token, to be this. Rejects with {@link Unidentified}, and with nothing else. */
  async identify(role: Role, token: string | undefined, request: IncomingMessage): Promise<Principal> {
    const { auth, keys, issuer, audience } = this.identity
    if (auth) return this.#ask(() => auth(token, request))
    if (keys.length === 0) return anyone(role)
    if (token === undefined) throw new Unidentified('This hub wants a token, and there is none.')
    return readToken(token, { keys, issuer, audience, clock: this.clock })
  }

  async #ask(auth: () => ReturnType<Authenticate>): Promise<Principal> {
    const parsed = principalSchema.safeParse(await this.#inTime(auth))
    if (!parsed.success) throw new Unidentified(refused, `What auth gave is no principal: ${wrongIn(parsed.error)}.`)
    if ((parsed.data.expiresAt ?? Number.POSITIVE_INFINITY) <= this.clock.now()) throw new Unidentified('The token has expired.')
    return parsed.data
  }

  #inTime(auth: () => ReturnType<Authenticate>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const stop = after(this.within, () => reject(new Unidentified(refused, `auth gave nothing within ${this.within} ms.`)))
      // What it throws may hold the token, so that it is not told.
      const failed = () => reject(new Unidentified(refused, 'auth failed.'))
      new Promise((done) => done(auth())).then(resolve, failed).finally(stop)
    })
  }
}

const refused = 'This hub does not accept the token.'
