import { describe } from 'vitest'
import type { Scene } from '#e2e/hostile/scene.js'
import { goodAuth, Stranger, socketPath, type Upgrade } from '#e2e/hostile/stranger.js'
import { forged, guarded, minted, publicKey } from '#e2e/hostile/tokens.js'
import { type Line, play } from './play.js'

/** What the hub answers to who comes with this token. */
const comes =
  (token: unknown, namespace = '/client', upgrade: Upgrade = {}) =>
  async (scene: Scene) => {
    const peer = await Stranger.upgraded(scene, upgrade)
    const answer = await peer.enter(namespace, { ...goodAuth, ...(token !== undefined && { token }) })
    peer.hangUp()
    return answer
  }

const [head, body, signature] = forged().split('.') as [string, string, string]
const now = Math.floor(Date.now() / 1_000)
const bearer = (token: string): Upgrade => ({ headers: { Authorization: `Bearer ${token}` } })

describe('tokens', () => {
  play(
    [
      ['a good one, made by hand as the rest', 'welcome', comes(forged())],
      ['a good one of the other service', 'welcome', comes(forged({ header: { alg: 'EdDSA' }, key: 'service' }))],
      ['none', 'unauthorized', comes(undefined)],
      ['an empty one', 'unauthorized', comes('')],
      ['garbage', 'unauthorized', comes('garbage')],
      ['three empty parts', 'unauthorized', comes('..')],
      ['the algorithm none', 'unauthorized', comes(forged({ header: { alg: 'none' }, key: null }))],
      ['the algorithm nOnE', 'unauthorized', comes(forged({ header: { alg: 'nOnE' }, key: null }))],
      ['no signature', 'unauthorized', comes(`${head}.${body}.`)],
      [
        'the signature of another token',
        'unauthorized',
        comes(
          `${forged({ claims: { tenant: 'bystanders' } })
            .split('.')
            .slice(0, 2)
            .join('.')}.${signature}`,
        ),
      ],
      ['HS256 with the public key for a secret', 'unauthorized', comes(forged({ key: publicKey }))],
      ['HS256 with an empty secret', 'unauthorized', comes(forged({ key: '' }))],
      ['another secret', 'unauthorized', comes(forged({ key: 'the secret of another hub, 0123456789012345' }))],
      ['HS512 by its own word', 'unauthorized', comes(forged({ header: { alg: 'HS512' } }))],
      ['EdDSA, signed with the secret', 'unauthorized', comes(forged({ header: { alg: 'EdDSA' } }))],
      [
        'a key of its own in the header',
        'unauthorized',
        comes(forged({ header: { jwk: { kty: 'oct', k: 'AAAA' } }, key: Buffer.from('AAAA', 'base64').toString() })),
      ],
      ['a key for a path', 'unauthorized', comes(forged({ header: { kid: '../../../../dev/null' }, key: '' }))],
      ['a key at an address', 'unauthorized', comes(forged({ header: { jku: 'http://evil.example/keys' }, key: 'x' }))],
      ['an extension that must be understood', 'unauthorized', comes(forged({ header: { crit: ['mine'], mine: 1 } }))],
      ['one that has expired', 'unauthorized', comes(forged({ claims: { exp: now - 1 } }))],
      ['one that never expires', 'unauthorized', comes(forged({ claims: { exp: undefined } }))],
      ['one that expires at no time', 'unauthorized', comes(forged({ claims: { exp: 'never' } }))],
      ['one that is not valid yet', 'unauthorized', comes(forged({ claims: { nbf: now + 600 } }))],
      ['one of no tenant', 'unauthorized', comes(forged({ claims: { tenant: undefined } }))],
      ['one of an empty tenant', 'unauthorized', comes(forged({ claims: { tenant: '' } }))],
      ['one of a list of tenants', 'unauthorized', comes(forged({ claims: { tenant: ['forgers', 'bystanders'] } }))],
      ['the tenant __proto__', 'unauthorized', comes(forged({ claims: { tenant: '__proto__' } }))],
      ['a role that there is not', 'unauthorized', comes(forged({ claims: { role: 'root' } }))],
      ['two roles', 'unauthorized', comes(forged({ claims: { role: ['client', 'admin'] } }))],
      ['limits that are none', 'unauthorized', comes(forged({ claims: { limits: { submitsPerSecond: -1 } } }))],
      ['a client’s, as a worker', 'forbidden', comes(forged(), '/worker')],
      ['a client’s, as an operator', 'forbidden', comes(forged(), '/admin')],
      ['a worker’s, as a client', 'forbidden', comes(forged({ claims: { role: 'worker' } }))],
      ['an operator’s, as a worker', 'forbidden', comes(forged({ claims: { role: 'admin' } }), '/worker')],
      ['a good one in the address', 'unauthorized', comes(undefined, '/client', { path: `${socketPath}&token=${forged()}` })],
      ['a good one, and once more in the address', 'unauthorized', comes(forged(), '/client', { path: `${socketPath}&access_token=${forged()}` })],
      ['a good one in a header only', 'unauthorized', comes(undefined, '/client', bearer(forged()))],
      ['a good one in a cookie only', 'unauthorized', comes(undefined, '/client', { headers: { Cookie: `token=${forged()}` } })],
      ['one of 100 kB', 'forbidden', comes(forged({ claims: { fill: 'x'.repeat(100_000) } }))],
      [
        'ten that are wrong, and one more',
        'cut',
        async (scene) => {
          const peer = await Stranger.upgraded(scene)
          for (let tries = 0; tries < 11; tries++) peer.text(`40/client,${JSON.stringify({ ...goodAuth, token: forged({ key: 'x' }) })}`)
          return peer.isCut()
        },
      ],
      [
        'one that expires while it is connected',
        'unauthorized',
        async (scene) => {
          const peer = await Stranger.upgraded(scene)
          await peer.enter('/client', { ...goodAuth, token: await minted({ ...({ role: 'client', tenant: 'forgers' } as const), expiresIn: 1 }) })
          const said = await peer.hears((text) => text.startsWith('42/client,["goodbye"'))
          return (await peer.isCut()) === 'cut' ? (/"code":"(\w+)"/.exec(said)?.[1] ?? said) : 'silence'
        },
      ],
      [
        'a page of another site, with a good one',
        'HTTP 400',
        async (scene) => {
          const peer = await Stranger.call(scene)
          const status = await peer.upgrade({ headers: { Origin: 'https://evil.example' } })
          peer.hangUp()
          return status
        },
      ],
    ] satisfies Line[],
    guarded,
  )
})
