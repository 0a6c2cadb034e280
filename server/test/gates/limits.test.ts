import { mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { Principal } from '#server/index.js'
import { auth, hubFor, WirePeer } from './wirePeer.js'

const job = (fields: object = {}) => ({ ref: mintRef(), name: 'double', codec: 'd6', args: '[1]', ...fields })
const jobs = (count: number, fields: object = {}) => Array.from({ length: count }, () => job(fields))

/** What a peer hears that wants to join, and may not. */
async function refusalOf(peer: WirePeer): Promise<string> {
  await peer.hears('0{')
  peer.say(`40/client,${auth}`)
  return peer.hears('44/client,')
}

describe('submits a second', () => {
  test('of one connection are bounded, and the refusal says when to come again', async () => {
    const hub = await hubFor({ submitsPerConnection: 10 })
    const [flood, other] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    expect(await flood.ask('submit', { jobs: jobs(10) })).toHaveProperty('ok')
    const late = jobs(5)
    const { refused } = await flood.ask('submit', { jobs: late })
    expect(refused).toMatchObject({ code: 'rate_limited', message: 'A connection submits no more than 10 jobs a second.' })
    expect(refused?.retryAfter).toBeGreaterThan(0)
    expect(refused?.retryAfter).toBeLessThanOrEqual(0.5)
    expect(await flood.ask('look', { refs: late.map(({ ref }) => ({ ref, want: 'any' })) })).toMatchObject({
      ok: late.map(() => ({ type: 'not_found' })),
    })
    expect(await other.ask('submit', { jobs: jobs(10) })).toHaveProperty('ok')
  })

  test('of one tenant are bounded over all its connections', async () => {
    const hub = await hubFor({ submitsPerTenant: 10 })
    const [one, two] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    await one.ask('submit', { jobs: jobs(10) })
    expect(await two.ask('submit', { jobs: jobs(5) })).toMatchObject({ refused: { code: 'rate_limited' } })
  })

  test('are not bounded where nobody asks for it: a hub that knows nobody serves its own machine', async () => {
    const peer = await WirePeer.join(await hubFor())
    for (let i = 0; i < 3; i++) expect(await peer.ask('submit', { jobs: jobs(5_000) })).toHaveProperty('ok')
  })
})

describe('refs that one connection awaits and watches', () => {
  const wanted = (entries: readonly { readonly ref: string }[]) => ({ refs: entries.map(({ ref }) => ({ ref, want: 'any' })) })

  test('are bounded; those it has already, and those it left, do not count', async () => {
    const hub = await hubFor({ awaitsPerConnection: 3 })
    const peer = await WirePeer.join(hub)
    const all = jobs(5)
    await peer.ask('submit', { jobs: all })
    const tooMany = { refused: { code: 'rate_limited', message: 'A connection awaits and watches at most 3 refs at once.', retryAfter: 1 } }
    expect(await peer.ask('attach', wanted(all.slice(0, 2)))).toHaveProperty('ok')
    expect(await peer.ask('watch', { watches: [{ ref: all[2]?.ref }] })).toHaveProperty('ok')
    expect(await peer.ask('attach', wanted(all.slice(3, 4)))).toEqual(tooMany)
    expect(await peer.ask('watch', { watches: [{ ref: all[4]?.ref }] })).toEqual(tooMany)
    expect(await peer.ask('submit', { jobs: [job({ want: 'any' })] })).toEqual(tooMany)
    expect(await peer.ask('attach', wanted(all.slice(0, 3)))).toHaveProperty('ok')
    await peer.ask('detach', wanted(all.slice(0, 1)))
    expect(await peer.ask('attach', wanted(all.slice(1, 2)))).toHaveProperty('ok')
    expect(await peer.ask('unwatch', { refs: [all[2]?.ref] })).toEqual({ ok: 1 })
    expect(await peer.ask('submit', { jobs: [job({ want: 'any' })] })).toHaveProperty('ok')
    expect(await (await WirePeer.join(hub)).ask('attach', wanted(all.slice(0, 3)))).toHaveProperty('ok')
  })

  test('are bounded also when many messages ask at once', async () => {
    const peer = await WirePeer.join(await hubFor({ awaitsPerConnection: 150 }))
    const all = jobs(600)
    await peer.ask('submit', { jobs: all })
    const answers = await Promise.all([0, 150, 300, 450].map((from) => peer.ask('attach', wanted(all.slice(from, from + 150)))))
    expect(answers.filter(({ ok }) => ok).length).toBeLessThanOrEqual(1)
  })
})

describe('connections', () => {
  test('of one address are bounded, each behind the trusted proxy by itself', async () => {
    const hub = await hubFor({ connectionsPerAddress: 2, trustProxy: 1 })
    const from = (address: string) => ({ 'x-forwarded-for': `10.0.0.1, ${address}` })
    const first = await WirePeer.join(hub, '/client', from('198.51.100.1'))
    await WirePeer.join(hub, '/client', from('198.51.100.1'))
    await expect(WirePeer.join(hub, '/client', from('198.51.100.1'))).rejects.toThrow()
    await WirePeer.join(hub, '/client', from('198.51.100.2'))
    first.line.close()
    await expect
      .poll(() =>
        WirePeer.join(hub, '/client', from('198.51.100.1')).then(
          () => 'in',
          () => 'out',
        ),
      )
      .toBe('in')
  })

  test('of one tenant are bounded: the next is told to come again', async () => {
    const hub = await hubFor({ connectionsPerTenant: 2 })
    const [first] = [await WirePeer.join(hub), await WirePeer.join(hub)]
    expect(JSON.parse((await refusalOf(WirePeer.open(hub))).slice('44/client,'.length))).toEqual({
      message: 'This tenant has 2 connections already.',
      data: { code: 'rate_limited', message: 'This tenant has 2 connections already.', retryAfter: 5 },
    })
    first?.line.close()
    await expect
      .poll(() =>
        WirePeer.join(hub).then(
          () => 'in',
          () => 'out',
        ),
      )
      .toBe('in')
  })
})

describe('what a token limits, whatever the hub does', () => {
  const hubOf = (limits: NonNullable<Principal['limits']>) =>
    hubFor({
      auth: (_, { headers }) => ({
        role: 'client',
        tenant: 'acme',
        subject: String(headers['x-who']),
        ...(headers['x-who'] !== 'free' && { limits }),
      }),
      submitsPerConnection: 8,
      awaitsPerConnection: 5,
      connectionsPerTenant: 5,
    })
  const join = (hub: Awaited<ReturnType<typeof hubFor>>, who: string) => WirePeer.join(hub, '/client', { 'x-who': who })

  test('its submits a second, over all connections of its subject', async () => {
    const hub = await hubOf({ submitsPerSecond: 10 })
    const [one, two, other, free] = [await join(hub, 'one'), await join(hub, 'one'), await join(hub, 'other'), await join(hub, 'free')]
    expect(await one.ask('submit', { jobs: jobs(10) })).toHaveProperty('ok')
    expect(await two.ask('submit', { jobs: jobs(8) })).toMatchObject({
      refused: { code: 'rate_limited', message: 'Your token submits no more than 10 jobs a second.' },
    })
    expect(await other.ask('submit', { jobs: jobs(10) })).toHaveProperty('ok')
    expect(await free.ask('submit', { jobs: jobs(8) })).toHaveProperty('ok')
    expect(await free.ask('submit', { jobs: jobs(8) })).toMatchObject({ refused: { message: 'A connection submits no more than 8 jobs a second.' } })
  })

  test('the refs it awaits on a connection', async () => {
    const hub = await hubOf({ pendingAwaits: 2 })
    const [one, free] = [await join(hub, 'one'), await join(hub, 'free')]
    const awaited = (count: number) => ({ jobs: jobs(count, { want: 'any' }) })
    const tooMany = { refused: { code: 'rate_limited', message: 'A connection awaits and watches at most 2 refs at once.', retryAfter: 1 } }
    expect(await one.ask('submit', awaited(3))).toEqual(tooMany)
    expect(await one.ask('submit', awaited(2))).toHaveProperty('ok')
    expect(await one.ask('submit', awaited(1))).toEqual(tooMany)
    expect(await free.ask('submit', awaited(3))).toHaveProperty('ok')
  })

  test('the connections its tenant has when it comes', async () => {
    const hub = await hubOf({ connections: 2 })
    await join(hub, 'one')
    await join(hub, 'other')
    expect(await refusalOf(WirePeer.open(hub, { 'x-who': 'one' }))).toContain('This tenant has 2 connections already.')
    await join(hub, 'free')
  })
})
