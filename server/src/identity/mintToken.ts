import { systemClock } from '@anchorleg/shared'
import { SignJWT } from 'jose'
import { leastSecretBytes, secretKey } from './keys.js'
import type { Principal } from './principal.js'
import { principalSchema, wrongIn } from './principalSchema.js'

/** Each kind of principal without the time at which it ends. */
type Timeless<P> = P extends Principal ? Omit<P, 'expiresAt'> : never

/** Whom a token stands for, and for how long. */
export type TokenClaims = Timeless<Principal> & {
  /** Seconds, counted from now. Default 3,600. */
  readonly expiresIn?: number | undefined
}

/**
 * Signs a token for hubs with this secret; of several secrets give the first.
 * Rejects with TypeError for claims that are not as a hub reads them, and for a secret of less than 32 bytes.
 */
export async function mintToken(secret: string, { expiresIn = 3_600, ...principal }: TokenClaims): Promise<string> {
  if (Buffer.byteLength(secret) < leastSecretBytes) throw new TypeError(`secret: expected at least ${leastSecretBytes} bytes`)
  if (!(expiresIn > 0 && Number.isFinite(expiresIn))) throw new TypeError(`expiresIn: expected a number of seconds, got ${expiresIn}`)
  const parsed = principalSchema.safeParse(principal)
  if (!parsed.success) throw new TypeError(wrongIn(parsed.error))
  const { subject, ...claims } = parsed.data
  const now = Math.floor(systemClock.now() / 1_000)
  const token = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).setIssuedAt(now)
  if (subject !== undefined) token.setSubject(subject)
  return token.setExpirationTime(Math.ceil(now + expiresIn)).sign(secretKey(secret).key)
}
