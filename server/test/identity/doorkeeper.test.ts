import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { covers } from '#server/identity/authority.js'
import { type Authenticate, Doorkeeper } from '#server/identity/doorkeeper.js'
import { secretKey } from '#server/identity/keys.js'
import { mintToken } from '#server/identity/mintToken.js'
import type { Unidentified } from '#server/identity/unidentified.js'

const request = { headers: { cookie: 'session=1' } } as IncomingMessage
const secret = 's'.repeat(32)
const client = { role: 'client', tenant: 'acme' } as const

const asking = (auth: Authenticate, within?: number) => new Doorkeeper({ keys: [], auth }, { now: () => 1_000 }, within)
const refusal = (doorkeeper: Doorkeeper, token?: string) =>
  doorkeeper.identify('client', token, request).then(
    () => expect.unreachable('Somebody was let in.'),
    ({ name, message, reason }: Unidentified) => ({ name, message, reason }),
  )
const generic = { name: 'Unidentified', message: 'This hub does not accept the token.' }

describe('a hub without keys', () => {
  test('takes everybody for what they say, tenants aside', async () => {
    const doorkeeper = new Doorkeeper({ keys: [] })
    expect(doorkeeper.isOpen).toBe(true)
    expect(await doorkeeper.identify('client', 'whatever', request)).toEqual({ role: 'client', tenant: 'default' })
    expect(await doorkeeper.identify('worker', undefined, request)).toEqual({ role: 'worker' })
  })
})

describe('a hub with keys', () => {
  const doorkeeper = new Doorkeeper({ keys: [secretKey(secret)] })

  test('reads what was minted with its secret', async () => {
    expect(doorkeeper.isOpen).toBe(false)
    const principal = { ...client, queues: ['a*'], subject: 'someone', limits: { connections: 2 } }
    const token = await mintToken(secret, { ...principal, expiresIn: 60 })
    expect(await doorkeeper.identify('client', token, request)).toEqual({ ...principal, expiresAt: expect.any(Number) })
  })

  test('wants a token', async () => {
    expect(await refusal(doorkeeper)).toMatchObject({ message: 'This hub wants a token, and there is none.' })
  })

  test('mints nothing that it would not read', async () => {
    await expect(mintToken('short', client)).rejects.toThrow('secret: expected at least 32 bytes')
    await expect(mintToken(secret, { role: 'client' } as never)).rejects.toThrow(/tenant/)
    for (const expiresIn of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(mintToken(secret, { ...client, expiresIn })).rejects.toThrow(/expiresIn/)
  })
})

describe('a hub with a function of its own', () => {
  test('gives it the token and the request, and takes its answer', async () => {
    const given: unknown[] = []
    const doorkeeper = asking(async (token, { headers }) => {
      given.push(token, headers.cookie)
      return client
    })
    expect(await doorkeeper.identify('client', 'abc', request)).toEqual(client)
    expect(given).toEqual(['abc', 'session=1'])
  })

  const bad: [string, Authenticate][] = [
    [
      'throws',
      () => {
        throw new Error('the token abc is bad')
      },
    ],
    ['rejects', () => Promise.reject(new Error('the token abc is bad'))],
    ['rejects with nothing', () => Promise.reject()],
  ]
  test.each(bad)('lets nobody in when it %s, and tells nobody of the token', async (_, auth) => {
    expect(await refusal(asking(auth), 'abc')).toEqual({ ...generic, reason: 'auth failed.' })
  })

  test.each([[undefined], [null], [true], ['acme'], [{}], [{ role: 'client' }], [{ ...client, queue: ['a'] }], [{ ...client, expiresAt: 'soon' }]])(
    'lets nobody in for %j',
    async (answer) => {
      expect(await refusal(asking(async () => answer as never))).toEqual({ ...generic, reason: expect.stringMatching(/no principal/) })
    },
  )

  test('lets nobody in whose time is over', async () => {
    expect(await refusal(asking(async () => ({ ...client, expiresAt: 1_000 })))).toMatchObject({ message: 'The token has expired.' })
  })

  test('waits for it only so long', async () => {
    expect(await refusal(asking(() => new Promise(() => {}), 10))).toEqual({ ...generic, reason: 'auth gave nothing within 10 ms.' })
  })
})

test.each([
  [undefined, 'a', true],
  [[], 'a', false],
  [['a'], 'a', true],
  [['a'], 'ab', false],
  [['a*'], 'ab', true],
  [['a*'], 'a', true],
  [['a*'], 'b', false],
  [['*'], 'anything', true],
  [['a.b'], 'axb', false],
  [['b', 'a*'], 'a*', true],
  [['*b'], 'ab', false],
])('of the names %j, "%s" is one: %s', (patterns, name, expected) => {
  expect(covers(patterns, name)).toBe(expected)
})
