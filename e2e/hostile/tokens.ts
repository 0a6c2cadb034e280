import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { mintToken, type TokenClaims } from '@anchorleg/server'

/** What the hub's tokens are signed with, in these tests. */
export const secret = 'the secret of a hub in these tests 0123456789'

/** A service whose tokens the hub accepts too, by its public key. */
const service = generateKeyPairSync('ed25519')
export const publicKey = service.publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** A token as the hub's operator mints it. */
export const minted = (claims: TokenClaims) => mintToken(secret, claims)

const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')

/** Claims that would do. */
const goodClaims = { role: 'client', tenant: 'forgers', exp: Math.floor(Date.now() / 1_000) + 600 }

interface Forgery {
  readonly header?: object
  readonly claims?: object
  /** What HS256 signs with; `service` signs with the private key of the service; null signs nothing. */
  readonly key?: string | 'service' | null
}

/** A token made by hand: as good as one of the hub's own, but for what is given. */
export function forged({ header = {}, claims = {}, key = secret }: Forgery = {}): string {
  const body = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part({ ...goodClaims, ...claims })}`
  if (key === null) return `${body}.`
  const signature = key === 'service' ? sign(null, Buffer.from(body), service.privateKey) : createHmac('sha256', key).update(body).digest()
  return `${body}.${signature.toString('base64url')}`
}

/** A hub that wants tokens, and what those who stand by it come with. */
export const guarded = {
  flags: [`--public-keys=${publicKey}`, '--metrics', 'open'],
  env: { ANCHORLEG_SECRET: secret },
  tokens: { client: await minted({ role: 'client', tenant: 'bystanders' }), worker: await minted({ role: 'worker' }) },
}
