import type { Clock } from '@anchorleg/shared'
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import type { TokenKey } from './keys.js'
import type { Principal } from './principal.js'
import { principalSchema, wrongIn } from './principalSchema.js'
import { Unidentified } from './unidentified.js'

/** What tokens are read with. */
export interface TokenTerms {
  readonly keys: readonly TokenKey[]
  /** What tokens of another service must name as their issuer and as one of their audiences; absent for anything. */
  readonly issuer?: readonly string[] | undefined
  readonly audience?: readonly string[] | undefined
  readonly clock: Clock
}

/** Seconds that the clock of whoever issues tokens may be ahead. */
const ahead = 5

/**
 * Reads a JSON Web Token: whose it is and what they may do. The hub's keys choose the algorithm, never the token.
 * Rejects with {@link Unidentified} for a token that no key here has signed, or that is not valid now.
 */
export async function readToken(token: string, terms: TokenTerms): Promise<Principal> {
  const { alg, kid } = headerOf(token)
  const able = terms.keys.filter(({ id, algorithms }) => algorithms.includes(alg) && (id === undefined || kid === undefined || id === kid))
  for (const key of able) {
    const payload = await payloadOf(token, key, terms)
    if (payload) return principalOf(payload, terms.clock)
  }
  throw new Unidentified('The token is not signed with a key of this hub.')
}

function headerOf(token: string): { alg: string; kid: string | undefined } {
  try {
    const { alg = '', kid } = decodeProtectedHeader(token)
    return { alg, kid }
  } catch {
    throw new Unidentified('The token is not a JSON Web Token.')
  }
}

/** What a token says; undefined when another key has signed it. */
async function payloadOf(token: string, { algorithms, key }: TokenKey, { issuer, audience, clock }: TokenTerms): Promise<JWTPayload | undefined> {
  const foreign = key.type === 'public' ? { ...(issuer && { issuer: [...issuer] }), ...(audience && { audience: [...audience] }) } : {}
  const currentDate = new Date(clock.now())
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [...algorithms], clockTolerance: ahead, currentDate, ...foreign })
    return payload
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return undefined
    throw new Unidentified(sentence(error))
  }
}

function principalOf({ role, tenant, queues, jobs, ref, limits, sub, exp }: JWTPayload, clock: Clock): Principal {
  if (exp === undefined) throw new Unidentified('The token does not say when it expires (exp).')
  const expiresAt = exp * 1_000
  if (expiresAt <= clock.now()) throw new Unidentified(expired)
  const claims = { role, tenant, queues, jobs, ref, limits, subject: sub, expiresAt }
  const parsed = principalSchema.safeParse(Object.fromEntries(Object.entries(claims).filter(([, claim]) => claim !== undefined)))
  if (!parsed.success) throw new Unidentified(`The token’s claims are not as a hub reads them: ${wrongIn(parsed.error)}.`)
  return parsed.data
}

const expired = 'The token has expired.'

function sentence(error: unknown): string {
  if (error instanceof errors.JWTExpired) return expired
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'The token cannot be read.'
  if (error.claim === 'nbf') return 'The token is not valid yet.'
  return `The token is not meant for this hub, by its claim "${error.claim}".`
}
