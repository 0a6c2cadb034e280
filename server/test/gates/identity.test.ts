import { generateKeyPairSync } from 'node:crypto'
import { request } from 'node:http'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { mintToken, type TokenClaims } from '#server/identity/mintToken.js'
import { createHub } from '#server/index.js'
import { enter, hub, next, open, refusalOf, secret } from './peersWithTokens.js'

describe('whoever comes', () => {
  test('needs a token, of a secret that is accepted', async () => {
    expect(await refusalOf(open('/client', {}))).toEqual({ code: 'unauthorized', message: 'This hub wants a token, and there is none.' })
    const token = await mintToken('x'.repeat(32), { role: 'client', tenant: 'acme' })
    expect(await refusalOf(open('/client', { token }))).toEqual({ code: 'unauthorized', message: 'The token is not signed with a key of this hub.' })
    for (const key of [secret, 'n'.repeat(32)])
      await next(open('/client', { token: await mintToken(key, { role: 'client', tenant: 'acme' }) }), 'welcome')
  })

  test.each([
    ['client', 'worker'],
    ['client', 'admin'],
    ['worker', 'client'],
    ['worker', 'admin'],
    ['admin', 'client'],
    ['admin', 'worker'],
  ] as const)('as a %s does not come in as a %s', async (role, namespace) => {
    const token = await mintToken(secret, { role, tenant: 'acme' })
    expect(await refusalOf(open(`/${namespace}`, { token }))).toEqual({
      code: 'forbidden',
      message: `The token’s role is ${role}; here it must be ${namespace}.`,
    })
  })

  test('with a token in the address is refused, though it has a good one besides', async () => {
    const token = await mintToken(secret, { role: 'client', tenant: 'acme' })
    for (const name of ['token', 'access_token', 'AUTH']) {
      const refusal = await refusalOf(open('/client', { token }, { query: { [name]: token } }))
      expect(refusal).toMatchObject({ code: 'unauthorized', message: expect.stringMatching(/never in an address/) })
      expect(refusal.message).not.toContain(token)
    }
  })

  test('from a page comes from an allowed one, or from the hub’s own', async () => {
    const auth = { token: await mintToken(secret, { role: 'client', tenant: 'acme' }) }
    for (const origin of [hub.url, 'https://app.example']) await next(open('/client', auth, { extraHeaders: { origin } }), 'welcome')
    for (const origin of ['https://evil.example', 'http://app.example', 'https://app.example.evil', 'http://localhost:1', 'null']) {
      const error = await next<Error>(open('/client', auth, { extraHeaders: { origin } }), 'connect_error')
      expect([origin, error.message]).toEqual([origin, 'websocket error'])
    }
  })

  test('from an allowed page is a caller, and neither a worker nor an operator', async () => {
    const extraHeaders = { origin: 'https://app.example' }
    for (const role of ['worker', 'admin'] as const) {
      const token = await mintToken(secret, { role })
      expect(await refusalOf(open(`/${role}`, { token }, { extraHeaders }))).toMatchObject({ code: 'forbidden' })
    }
    await next(open('/admin', { token: await mintToken(secret, { role: 'admin' }) }, { extraHeaders: { origin: hub.url } }), 'welcome')
  })

  test('is sent away when its token runs out, and told why', async () => {
    const leave = async (role: TokenClaims['role']) => {
      const socket = await enter({ role, tenant: 'acme', expiresIn: 3 })
      const gone = next(socket, 'disconnect')
      expect(await next(socket, 'goodbye')).toEqual({ code: 'unauthorized', message: 'The token has expired.' })
      expect(await gone).toBe('io server disconnect')
    }
    await Promise.all([leave('client'), leave('worker'), leave('admin')])
  })
})

test('a hub that knows the keys of another service takes the tokens that it signs for the hub', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKeys = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await using other = await createHub({ store: 'memory:', port: 0, logLevel: 'silent', publicKeys, audience: 'anchorleg' }).listen()
  const sign = (audience: string) =>
    new SignJWT({ role: 'client', tenant: 'acme' })
      .setProtectedHeader({ alg: 'ES256' })
      .setAudience(audience)
      .setExpirationTime('1m')
      .sign(privateKey)
  await next(open('/client', { token: await sign('anchorleg') }, {}, other), 'welcome')
  const refusals = [await sign('another'), await mintToken(secret, { role: 'client', tenant: 'acme' })].map((token) =>
    refusalOf(open('/client', { token }, {}, other)),
  )
  expect(await Promise.all(refusals)).toEqual([
    { code: 'unauthorized', message: 'The token is not meant for this hub, by its claim "aud".' },
    { code: 'unauthorized', message: 'The token is not signed with a key of this hub.' },
  ])
})

describe('over plain HTTP', () => {
  const get = (path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const asked = request(`${hub.url}${path}`, { headers, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode, text }))
      })
      asked.on('error', reject).end()
    })
  const bearer = async (claims: TokenClaims, key = secret) => ({ authorization: `Bearer ${await mintToken(key, claims)}` })

  test('anyone learns that the hub lives, under whatever name, and no more', async () => {
    for (const path of ['/healthz', '/readyz']) expect(await get(path, { host: 'hub.example' })).toMatchObject({ status: 200 })
  })

  test('only an admin of the whole hub reads the metrics, which name queues', async () => {
    expect((await get('/metrics', await bearer({ role: 'admin' }))).text).toContain('anchorleg_')
    const others = [
      {},
      { authorization: 'Bearer x' },
      { authorization: 'Basic eDp5' },
      await bearer({ role: 'worker' }),
      await bearer({ role: 'client', tenant: 'acme' }),
      await bearer({ role: 'admin', tenant: 'acme' }),
      await bearer({ role: 'admin' }, 'x'.repeat(32)),
    ]
    for (const headers of others) {
      const { status, text } = await get('/metrics', headers)
      expect(status).toBe(401)
      expect(text).not.toContain('anchorleg_')
    }
    const token = await mintToken(secret, { role: 'admin' })
    expect((await get(`/metrics?token=${token}`)).status).toBe(401)
  })
})
