import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A key that tokens may be signed with, and the algorithms that it is for: the token does not choose. */
export interface TokenKey {
  readonly id?: string | undefined
  readonly algorithms: readonly string[]
  readonly key: KeyObject
}

/** Bytes that a secret has at least: what HS256 makes of it. */
export const leastSecretBytes = 32

export function secretKey(secret: string): TokenKey {
  return { algorithms: ['HS256'], key: createSecretKey(Buffer.from(secret)) }
}

/**
 * Reads public keys from text: PEM (SPKI), a JSON Web Key, a set of them, or the path of a file with one of these.
 * @throws {TypeError} for what is none, for a private key, and for a kind of key that signs no tokens here
 */
export function readPublicKeys(text: string): TokenKey[] {
  const given = text.trim()
  if (given.startsWith('{')) return keysOfJson(JSON.parse(given))
  if (!given.startsWith('-----BEGIN')) return readPublicKeys(contentOf(given))
  if (!/^-----BEGIN PUBLIC KEY-----/.test(given)) throw new TypeError('expected "-----BEGIN PUBLIC KEY-----": a hub is given no private key')
  return given.split(/(?=-----BEGIN)/).map((pem) => tokenKey(createPublicKey(pem)))
}

function contentOf(path: string): string {
  const content = readFileSync(path, 'utf8').trim()
  if (!/^(\{|-----BEGIN)/.test(content)) throw new TypeError('expected a file with a PEM or a JSON Web Key')
  return content
}

function keysOfJson(json: JsonWebKey & { readonly keys?: readonly JsonWebKey[] }): TokenKey[] {
  const signing = (json.keys ?? [json]).filter(({ use }) => use !== 'enc')
  return signing.map((jwk) => {
    if (jwk.kty === 'oct' || jwk.d !== undefined) throw new TypeError('expected public keys only: a hub is given no private key')
    const { id, algorithms, key } = tokenKey(createPublicKey({ key: jwk, format: 'jwk' }), String(jwk.kid ?? '') || undefined)
    const named = jwk.alg === undefined ? algorithms : algorithms.filter((algorithm) => algorithm === jwk.alg)
    if (named.length === 0) throw new TypeError(`expected a key for ${algorithms.join(' or ')}, got one for ${String(jwk.alg)}`)
    return { id, algorithms: named, key }
  })
}

function tokenKey(key: KeyObject, id?: string): TokenKey {
  return { id, key, algorithms: algorithmsOf(key) }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  if (asymmetricKeyType === 'rsa') {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0
    if (bits < 2_048) throw new TypeError(`expected an RSA key of at least 2048 bits, got one of ${bits}`)
    return ['RS256']
  }
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256']
  if (asymmetricKeyType === 'ed25519') return ['EdDSA', 'Ed25519']
  throw new TypeError('expected an RSA, P-256 or Ed25519 key')
}
