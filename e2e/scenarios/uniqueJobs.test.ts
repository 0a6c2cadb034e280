import type { NewOptions } from '@anchorleg/client'
import { describe, expect } from 'vitest'
import { act, type Held, hold } from '#e2e/harness/jobs.js'
import { forever, test } from './test.js'

const unique = {}

describe('of jobs that are alike', () => {
  test('two clients store one, both await it, and one of them is told of the conflict', async ({ client, shared, hub }) => {
    const other = shared.house.connect(hub)
    await other.ready
    const jobs = [0, 1].map(() => hold.new({ key: 'twins', value: 'one' }, { unique }))
    const relays = await Promise.all([client.async(jobs[0] as (typeof jobs)[number]), other.async(jobs[1] as (typeof jobs)[number])])
    expect(relays.map(({ ref }) => ref)).toEqual(jobs.map(({ ref }) => ref))
    expect(relays.filter(({ conflict }) => conflict)).toHaveLength(1)
    const awaited = [client.await(relays[0] as (typeof relays)[number], forever), other.await(relays[1] as (typeof relays)[number], forever)]
    await shared.worker.started('twins')
    shared.worker.release('twins')
    const held: Held = { value: 'one', attempt: 1, pid: shared.worker.pid }
    expect(await Promise.all(awaited)).toEqual([
      { type: 'ok', value: held },
      { type: 'ok', value: held },
    ])
    expect(shared.worker.starts('twins')).toBe(1)
  })

  test('fifty that come in one storm over several connections run once, and every ref gets the result', async ({ client, shared, hub }) => {
    const clients = [client, ...Array.from({ length: 4 }, () => shared.house.connect(hub))]
    await Promise.all(clients.map(({ ready }) => ready))
    const submitted = Array.from({ length: 50 }, (_, i) => clients[i % clients.length]?.async(hold.new({ key: 'storm', value: 50 }, { unique })))
    const awaited = submitted.map((relay, i) => relay && clients[(i + 1) % clients.length]?.await(relay, forever))
    const relays = await Promise.all(submitted)
    expect(relays.filter((relay) => relay?.conflict === false)).toHaveLength(1)
    shared.worker.release('storm')
    const results = await Promise.all(awaited)
    expect(results).toEqual(Array(50).fill({ type: 'ok', value: { value: 50, attempt: 1, pid: shared.worker.pid } }))
    expect(shared.worker.starts('storm')).toBe(1)
  })

  test('one that is submitted again under its own ref stays what it was, an alias too', async ({ client }) => {
    const [first, second] = [0, 1].map(() => act.new({ do: 'ok', value: 'again' }, { unique }))
    if (!first || !second) throw new Error('two were made')
    for (const _ of [1, 2]) {
      expect(await client.async(first)).toMatchObject({ ref: first.ref, conflict: false })
      expect(await client.async(second)).toMatchObject({ ref: second.ref, conflict: true })
    }
  })

  test('a second one after a restart of the hub is in conflict still', async ({ house }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    const kept = await client.async(hold.new({ key: 'kept' }, { unique }))
    await hub.restart('SIGKILL')
    const alias = await client.async(hold.new({ key: 'kept' }, { unique }))
    expect([kept.conflict, alias.conflict]).toEqual([false, true])
    const worker = await house.worker(hub)
    worker.release('kept')
    const [own, other] = await client.awaitMany([kept, alias], forever)
    expect(own).toMatchObject({ type: 'ok', value: { attempt: 1 } })
    expect(other).toEqual(own)
    expect(worker.starts('kept')).toBe(1)
  })

  test('the alias inspects, cancels and awaits the one that is stored', async ({ client }) => {
    const options = { unique, queue: 'nobody serves it' }
    const [kept, alias] = await client.asyncMany([hold.new({ key: 'alias' }, options), hold.new({ key: 'alias' }, options)])
    expect([kept.conflict, alias.conflict]).toEqual([false, true])
    expect(await client.inspect(alias)).toEqual({ ...(await client.inspect(kept)), ref: alias.ref })
    expect(await client.cancel(alias, { reason: 'by alias' })).toEqual({ cancelled: true, state: 'cancelled' })
    for (const relay of [kept, alias]) expect(await client.await(relay)).toEqual({ type: 'cancel', reason: 'by alias' })
  })
})

type Given = readonly [args: object, options?: NewOptions]

const pairs: { fact: string; first: Given; second: Given; conflict: boolean }[] = [
  { fact: 'same args in another order of keys', first: [{ a: 1, b: 2 }], second: [{ b: 2, a: 1 }], conflict: true },
  { fact: 'other args', first: [{ a: 1 }], second: [{ a: 2 }], conflict: false },
  { fact: 'another queue', first: [{ a: 1 }], second: [{ a: 1 }, { queue: 'elsewhere' }], conflict: false },
  { fact: 'another priority', first: [{ a: 1 }], second: [{ a: 1 }, { priority: 3 }], conflict: true },
  { fact: 'same under the keys that count', first: [{ id: 1, at: 1 }, { unique: { keys: ['id'] } }], second: [{ id: 1, at: 2 }], conflict: true },
  { fact: 'other under the keys that count', first: [{ id: 1, at: 1 }, { unique: { keys: ['id'] } }], second: [{ id: 2, at: 1 }], conflict: false },
  { fact: 'other args, where only the name counts', first: [{ a: 1 }, { unique: { fields: ['name'] } }], second: [{ a: 2 }], conflict: true },
  {
    fact: 'other meta, where meta counts',
    first: [{}, { meta: { a: 1 }, unique: { fields: ['name', 'meta'] } }],
    second: [{}, { meta: { a: 2 } }],
    conflict: false,
  },
]

describe('jobs are alike or not', () => {
  pairs.forEach(({ fact, first, second, conflict }, i) => {
    test(`${fact}: ${conflict ? 'alike' : 'two'}`, async ({ client }) => {
      const made = [first, second].map(([args, options]) => ({ args: { pair: i, ...args }, options: { queue: `pair ${i}`, ...options } }))
      const relays = []
      for (const { args, options } of made) {
        // By its name alone a job would meet those of other tests: each has a queue of its own, and what counts is the first's.
        const counts = first[1]?.unique ?? {}
        const fields = counts.fields && [...counts.fields, 'queue']
        relays.push(await client.async(act.new(args as never, { ...options, unique: { ...counts, ...(fields && { fields }) } })))
      }
      expect(relays.map((relay) => relay.conflict)).toEqual([false, conflict])
    })
  })
})

describe('a job keeps others like it away', () => {
  test('for its period, and no longer', async ({ client }) => {
    const fresh = () => client.async(act.new({ do: 'ok', value: 'period' }, { unique: { period: 1 } }))
    const first = await fresh()
    expect(first.conflict).toBe(false)
    expect((await fresh()).conflict).toBe(true)
    await expect.poll(fresh, { timeout: 5_000, interval: 50 }).toMatchObject({ conflict: false })
    const { insertedAt } = await client.inspect(first)
    expect(Date.now() - insertedAt.getTime()).toBeGreaterThanOrEqual(1_000)
  })

  test('once it is completed too, but not once it is cancelled or discarded', async ({ client }) => {
    for (const how of ['ok', 'cancel', 'discard'] as const) {
      const fresh = () => client.async(act.new({ do: how, value: 'ended' }, { unique }))
      await client.await(fresh())
      expect((await fresh()).conflict).toBe(how === 'ok')
    }
  })

  test('only in the states it says', async ({ client }) => {
    const states = ['scheduled', 'available', 'executing'] as const
    const fresh = (options?: NewOptions) => client.async(act.new({ do: 'ok', value: 'states' }, { ...options, unique: { states } }))
    const first = await fresh({ scheduleIn: 60 })
    expect((await fresh({ scheduleIn: 60 })).conflict).toBe(true)
    await client.cancel(first)
    const second = await fresh()
    expect(second.conflict).toBe(false)
    await client.await(second)
    expect((await fresh()).conflict).toBe(false)
  })
})
