import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mintRef } from '@anchorleg/shared'
import { SignJWT } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readPublicKeys, secretKey } from '#server/identity/keys.js'
import { readToken, type TokenTerms } from '#server/identity/readToken.js'

const now = 1_800_000_000_000
const seconds = now / 1_000
const clock = { now: () => now }
const [secret, older] = ['s'.repeat(32), 'o'.repeat(40)]
const client = { role: 'client', tenant: 'acme' }

interface Claims {
  readonly alg?: string
  readonly kid?: string
  readonly [claim: string]: unknown
}

/** A token that is good for a minute, unless its claims say otherwise. */
function sign(key: KeyObject, { alg = 'HS256', kid, ...claims }: Claims): Promise<string> {
  return new SignJWT({ exp: seconds + 60, ...claims }).setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(key)
}

const withSecret = (claims: Claims, text = secret) => sign(secretKey(text).key, claims)
const read = (token: string, terms: Partial<TokenTerms> = {}) => readToken(token, { keys: [secretKey(secret), secretKey(older)], clock, ...terms })
const refusal = (token: string, terms?: Partial<TokenTerms>) =>
  read(token, terms).then(
    (principal) => expect.unreachable(`It was read: ${JSON.stringify(principal)}`),
    (error: Error) => `${error.name}: ${error.message}`,
  )

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')
const pairs = [
  ['RS256', rsa],
  ['ES256', p256],
  ['EdDSA', ed25519],
] as const

describe('a token says', () => {
  test('whose it is, what they may do, and until when', async () => {
    const ref = mintRef()
    const claims = { ...client, queues: ['a', 'b*'], jobs: [], ref, limits: { submitsPerSecond: 5 }, sub: 'someone', iat: seconds, other: 1 }
    expect(await read(await withSecret(claims))).toEqual({
      ...client,
      queues: ['a', 'b*'],
      jobs: [],
      ref,
      limits: { submitsPerSecond: 5 },
      subject: 'someone',
      expiresAt: now + 60_000,
    })
  })

  test('no tenant, when it is that of a worker or an admin for all', async () => {
    for (const role of ['worker', 'admin']) expect(await read(await withSecret({ role }))).toEqual({ role, expiresAt: now + 60_000 })
  })

  const wrong: [object, RegExp][] = [
    [{ tenant: 'acme' }, /role/],
    [{ role: 'root' }, /role/],
    [{ role: 'client' }, /tenant/],
    [{ role: 'client', tenant: '' }, /tenant/],
    [{ role: 'client', tenant: 'a\0b' }, /tenant/],
    [{ role: 'client', tenant: ['acme'] }, /tenant/],
    [{ role: 'worker', ref: mintRef() }, /ref/],
    [{ ...client, ref: 'x' }, /ref/],
    [{ ...client, queues: 'a' }, /queues/],
    [{ ...client, limits: { submitPerSecond: 5 } }, /limits.*submitPerSecond/],
    [{ ...client, limits: { submitsPerSecond: -1 } }, /limits/],
  ]
  test.each(wrong)('nothing when its claims are %j', async (claims, message) => {
    const said = await refusal(await withSecret(claims as Claims))
    expect(said).toMatch(/^Unidentified: The token’s claims are not as a hub reads them/)
    expect(said).toMatch(message)
  })
})

describe('a token counts', () => {
  test('when any of the secrets has signed it, and no other', async () => {
    for (const text of [secret, older]) expect(await read(await withSecret(client, text))).toMatchObject(client)
    expect(await refusal(await withSecret(client, 'x'.repeat(32)))).toBe('Unidentified: The token is not signed with a key of this hub.')
  })

  test('until it expires, and not without saying when', async () => {
    expect(await read(await withSecret({ ...client, exp: seconds + 1 }))).toMatchObject(client)
    for (const exp of [seconds, seconds - 1, seconds - 3_600]) {
      expect(await refusal(await withSecret({ ...client, exp }))).toBe('Unidentified: The token has expired.')
    }
    expect(await refusal(await withSecret({ ...client, exp: undefined }))).toMatch(/does not say when it expires/)
    expect(await refusal(await withSecret({ ...client, exp: 'never' }))).toMatch(/Unidentified/)
  })

  test('from its beginning on, by a clock that may be five seconds behind', async () => {
    expect(await read(await withSecret({ ...client, nbf: seconds + 5 }))).toMatchObject(client)
    expect(await refusal(await withSecret({ ...client, nbf: seconds + 60 }))).toBe('Unidentified: The token is not valid yet.')
  })

  test.each(pairs)('when it is signed with the key of another service: %s', async (alg, { privateKey, publicKey }) => {
    const keys = pairs.flatMap(([, pair]) => readPublicKeys(pem(pair.publicKey)))
    expect(await read(await sign(privateKey, { ...client, alg }), { keys })).toMatchObject(client)
    expect(
      await read(await sign(privateKey, { ...client, alg }), { keys: readPublicKeys(JSON.stringify(publicKey.export({ format: 'jwk' }))) }),
    ).toMatchObject(client)
    const stranger =
      alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
        : alg === 'ES256'
          ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
          : generateKeyPairSync('ed25519')
    expect(await refusal(await sign(stranger.privateKey, { ...client, alg }), { keys })).toMatch(/not signed with a key of this hub/)
  })

  test('when it comes from the issuer and is for the audience that are wanted of another service; those of the hub’s own need neither', async () => {
    const terms = { keys: [secretKey(secret), ...readPublicKeys(pem(p256.publicKey))], issuer: ['https://id.example'], audience: ['anchorleg'] }
    const foreign = (claims: object) => sign(p256.privateKey, { ...client, alg: 'ES256', ...claims })
    expect(await read(await foreign({ iss: 'https://id.example', aud: ['x', 'anchorleg'] }), terms)).toMatchObject(client)
    expect(await refusal(await foreign({ iss: 'https://id.example' }), terms)).toMatch(/not meant for this hub, by its claim "aud"/)
    expect(await refusal(await foreign({ iss: 'https://other.example', aud: 'anchorleg' }), terms)).toMatch(/by its claim "iss"/)
    expect(await read(await withSecret(client), terms)).toMatchObject(client)
  })

  test('when the key it names has signed it, of several of one kind', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = JSON.stringify({
      keys: [
        { ...other.publicKey.export({ format: 'jwk' }), kid: 'other' },
        { ...p256.publicKey.export({ format: 'jwk' }), kid: 'mine', alg: 'ES256', use: 'sig' },
        { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'sealed', use: 'enc' },
      ],
    })
    const keys = readPublicKeys(jwks)
    expect(keys.map(({ id }) => id)).toEqual(['other', 'mine'])
    expect(await read(await sign(p256.privateKey, { ...client, alg: 'ES256', kid: 'mine' }), { keys })).toMatchObject(client)
    expect(await read(await sign(p256.privateKey, { ...client, alg: 'ES256' }), { keys })).toMatchObject(client)
    expect(await refusal(await sign(p256.privateKey, { ...client, alg: 'ES256', kid: 'other' }), { keys })).toMatch(/not signed/)
  })
})

describe('a forged token is refused:', () => {
  const encode = (part: object | string | Buffer) =>
    Buffer.from(Buffer.isBuffer(part) || typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
  const claims = { ...client, exp: seconds + 60 }

  test('one that is signed with nothing', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) expect(await refusal(`${encode({ alg })}.${encode(claims)}.`)).toMatch(/^Unidentified: /)
  })

  test('one whose secret is the text of a public key', async () => {
    for (const text of [pem(rsa.publicKey), pem(rsa.publicKey).trim()]) {
      const head = `${encode({ alg: 'HS256' })}.${encode(claims)}`
      const forged = `${head}.${createHmac('sha256', text).update(head).digest('base64url')}`
      expect(await refusal(forged, { keys: readPublicKeys(text) })).toBe('Unidentified: The token is not signed with a key of this hub.')
    }
  })

  test('one of another algorithm, though the key could do that', async () => {
    const keys = [secretKey('s'.repeat(64)), ...readPublicKeys(pem(rsa.publicKey))]
    for (const alg of ['HS384', 'HS512']) expect(await refusal(await withSecret({ ...client, alg }, 's'.repeat(64)), { keys })).toMatch(/not signed/)
    for (const alg of ['RS512', 'PS256']) expect(await refusal(await sign(rsa.privateKey, { ...client, alg }), { keys })).toMatch(/not signed/)
  })

  test('one whose claims were changed', async () => {
    const [head, , signature] = (await withSecret(client)).split('.')
    expect(await refusal(`${head}.${encode({ ...claims, role: 'admin' })}.${signature}`)).toMatch(/not signed with a key/)
  })

  test.each([[''], ['x'], ['a.b.c'], ['....'], [`${encode({ alg: 'HS256', crit: ['x'] })}.e30.e30`], ['💥'.repeat(4_000)]])(
    'what is no token: %j',
    async (text) => {
      const said = await refusal(text)
      expect(said).toMatch(/^Unidentified: /)
      if (text.length > 3) expect(said).not.toContain(text)
    },
  )
})

describe('public keys are read', () => {
  test('several from one text, and from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'anchorleg-keys-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'keys.pem')
    writeFileSync(file, `${pem(rsa.publicKey)}\n${pem(ed25519.publicKey)}`)
    expect(readPublicKeys(file).map(({ algorithms }) => algorithms)).toEqual([['RS256'], ['EdDSA', 'Ed25519']])
  })

  const wrong: [string, () => string, RegExp][] = [
    ['a private key', () => p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /no private key/],
    ['a private JSON Web Key', () => JSON.stringify(p256.privateKey.export({ format: 'jwk' })), /no private key/],
    ['a secret as a JSON Web Key', () => JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' }), /no private key/],
    ['a short RSA key', () => pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey), /at least 2048 bits, got one of 1024/],
    ['another curve', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey), /RSA, P-256 or Ed25519/],
    ['a key for exchanges', () => pem(generateKeyPairSync('x25519').publicKey), /RSA, P-256 or Ed25519/],
    [
      'a key for another algorithm',
      () => JSON.stringify({ ...rsa.publicKey.export({ format: 'jwk' }), alg: 'RS512' }),
      /for RS256, got one for RS512/,
    ],
    ['no file', () => '/nowhere/key.pem', /ENOENT/],
    ['broken JSON', () => '{"kty"', /JSON/],
  ]
  test.each(wrong)('but not %s', (_, text, message) => {
    expect(() => readPublicKeys(text())).toThrow(message)
  })
})
