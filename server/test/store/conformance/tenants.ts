import type { Lease } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { aJob, aWish, claim, gives, type Harness, insert, leaseOf, read, settle } from './harness.js'

/** Tenants take turns: one tenant's flood never starves another. */
export function tenants(harness: Harness): void {
  describe('tenants', () => {
    /** The tenant is written into the args, because an assignment does not name it. */
    const jobsOf = (tenant: string, count: number, name = 'double') => Array.from({ length: count }, () => aJob({ args: tenant, name }))
    const count = (claimed: readonly { readonly args: string }[]) => {
      const counts: Record<string, number> = {}
      for (const { args } of claimed) counts[args] = (counts[args] ?? 0) + 1
      return counts
    }

    test('one claim shares its limit among them', async () => {
      const { store } = await harness.open()
      await insert(store, jobsOf('flood', 50), 'flood')
      await insert(store, jobsOf('small', 2), 'small')
      await insert(store, jobsOf('tiny', 1), 'tiny')
      expect(count(await claim(store, { limit: 9 }))).toEqual({ flood: 6, small: 2, tiny: 1 })
    })

    test('a claim of one tenant takes only its jobs, in their order, and nobody’s turn', async () => {
      const { store } = await harness.open()
      for (const of of ['a', 'b', 'c']) await insert(store, jobsOf(of, 3, 'x'), of)
      await insert(store, [aJob({ args: 'b first', name: 'y', priority: 0 }), aJob({ args: 'b last', name: 'x', priority: 9 })], 'b')
      await insert(store, [aJob({ args: 'b now', name: 'x', priority: 0 })], 'b')
      const names = ['x', 'y']
      expect(await claim(store, { names, tenant: 'nobody', limit: 5 })).toEqual([])
      const own = await claim(store, { names, tenant: 'b', limit: 20 })
      expect(own.map(({ args }) => args)).toEqual(['b', 'b', 'b', 'b first', 'b now', 'b last'])
      expect(await claim(store, { names, tenant: 'b', limit: 1 })).toEqual([])
      expect(count(await claim(store, { names, limit: 4 }))).toEqual({ a: 2, c: 2 })
    })

    test('claims of one call are each of their own tenant', async () => {
      const { store } = await harness.open()
      for (const of of ['a', 'b']) await insert(store, jobsOf(of, 3), of)
      const claimed = await store.claim([aWish({ worker: 'wb', tenant: 'b', limit: 2 }), aWish({ worker: 'wa', tenant: 'a', limit: 2 })])
      expect(claimed.map(({ worker, assignment }) => [worker, assignment.args])).toEqual([
        ['wb', 'b'],
        ['wb', 'b'],
        ['wa', 'a'],
        ['wa', 'a'],
      ])
    })

    test('a claim of one tenant keeps to the limit of the queue, and to its pause', async () => {
      const { store } = await harness.open()
      for (const of of ['a', 'b']) await insert(store, jobsOf(of, 3), of)
      await store.setQueues([{ queue: 'default', limit: 2 }])
      expect(await claim(store, { tenant: 'a', limit: 1 })).toHaveLength(1)
      expect(await claim(store, { tenant: 'b', limit: 3 })).toHaveLength(1)
      await store.setQueues([{ queue: 'default', limit: null, paused: true }])
      expect(await claim(store, { tenant: 'a', limit: 3 })).toEqual([])
    })

    test('what is held says whose it is', async () => {
      const { store } = await harness.open()
      await insert(store, jobsOf('a', 1), 'a')
      const [lease] = (await claim(store)).map(leaseOf)
      expect(await store.held([lease as Lease])).toMatchObject([{ tenant: 'a', queue: 'default', name: 'double' }])
    })

    test('claims of one job each go around', async () => {
      const { store } = await harness.open()
      for (const tenant of ['a', 'b', 'c']) await insert(store, jobsOf(tenant, 5), tenant)
      const order: string[] = []
      for (let i = 0; i < 9; i++) order.push(...(await claim(store)).map(({ args }) => args))
      expect(new Set(order.slice(0, 3)).size).toBe(3)
      expect([order.slice(3, 6), order.slice(6, 9)]).toEqual([order.slice(0, 3), order.slice(0, 3)])
    })

    test('one that has more than all others together fills what they leave', async () => {
      const { store } = await harness.open()
      const others = Array.from({ length: 40 }, (_, i) => `other${i}`)
      await insert(store, jobsOf('flood', 900), 'flood')
      for (const tenant of others) await insert(store, jobsOf(tenant, 2), tenant)
      const first = count(await claim(store, { limit: 500 }))
      expect(first).toEqual({ flood: 420, ...Object.fromEntries(others.map((tenant) => [tenant, 2])) })
      expect(count(await claim(store, { limit: 500 }))).toEqual({ flood: 480 })
    })

    test('very many have one turn each before any has a second', async () => {
      const { store } = await harness.open()
      const all = Array.from({ length: 300 }, (_, i) => `t${i}`)
      await store.insert(
        all.flatMap((tenant) => jobsOf(tenant, 3).map((job) => ({ tenant, job }))),
        [],
      )
      const once = Object.fromEntries(all.map((tenant) => [tenant, 1]))
      for (let i = 0; i < 3; i++) expect(count(await claim(store, { limit: 300 }))).toEqual(once)
    })

    test('slots that settlements free, and those that new jobs meet, go around as well', async () => {
      const { store } = await harness.open()
      await insert(store, jobsOf('flood', 50), 'flood')
      await insert(store, jobsOf('other', 5), 'other')
      let [running] = await claim(store)
      const order: (string | undefined)[] = [running?.args]
      for (let i = 0; i < 7; i++) {
        const settlement = { ...leaseOf(running as NonNullable<typeof running>), outcome: gives.ok }
        const { claimed } = await store.settle([settlement], [aWish()])
        const more = await store.insert([{ tenant: 'flood', job: aJob({ args: 'flood' }) }], [aWish()])
        running = claimed[0]?.assignment
        order.push(running?.args, more.claimed[0]?.assignment.args)
      }
      const whose = order.slice(0, 10)
      expect(whose.filter((tenant) => tenant === 'other')).toHaveLength(5)
      expect(whose.every((tenant, i) => tenant !== whose[i + 1])).toBe(true)
    })

    test('a newcomer is served within one turn, whatever the priority of those before it', async () => {
      const { store } = await harness.open()
      await insert(store, jobsOf('flood', 20), 'flood')
      await claim(store, { limit: 3 })
      await insert(store, [aJob({ args: 'late', priority: 9 })], 'late')
      expect(count(await claim(store, { limit: 2 }))).toEqual({ flood: 1, late: 1 })
    })

    test('workers of different names do not take turns from one another', async () => {
      const { store } = await harness.open()
      for (const tenant of ['a', 'b']) for (const name of ['x', 'y']) await insert(store, jobsOf(tenant, 10, name), tenant)
      const served = { x: [] as string[], y: [] as string[] }
      for (let i = 0; i < 6; i++)
        for (const name of ['x', 'y'] as const) served[name].push(...(await claim(store, { names: [name] })).map(({ args }) => args))
      for (const name of ['x', 'y'] as const) expect(new Set(served[name].slice(0, 2)).size).toBe(2)
    })

    test('a tenant that spreads its jobs over names has no more turns for that', async () => {
      const { store } = await harness.open()
      for (const name of ['x', 'y', 'z']) await insert(store, jobsOf('spread', 10, name), 'spread')
      await insert(store, jobsOf('plain', 10, 'x'), 'plain')
      expect(count(await claim(store, { names: ['x', 'y', 'z'], limit: 8 }))).toEqual({ spread: 4, plain: 4 })
    })

    test('each tenant keeps its own order', async () => {
      const { store } = await harness.open()
      for (const tenant of ['a', 'b']) {
        const jobs = [5, 1, 3].map((priority) => aJob({ priority, args: `${tenant}${priority}` }))
        await insert(store, jobs, tenant)
      }
      const order = (await store.claim([aWish({ limit: 6 })])).map(({ assignment }) => assignment.args)
      expect(order.filter((args) => args.startsWith('a'))).toEqual(['a1', 'a3', 'a5'])
      expect(order.filter((args) => args.startsWith('b'))).toEqual(['b1', 'b3', 'b5'])
    })

    test('tenants of any name have their turn, the empty one too', async () => {
      const { store } = await harness.open()
      const names = ['', '🏁', '～', '\u0000', 'a', 'A']
      for (const name of ['x', 'y']) for (const tenant of names) await insert(store, jobsOf(tenant, 2, name), tenant)
      const first = await claim(store, { names: ['x', 'y'], limit: names.length })
      expect(count(first)).toEqual(Object.fromEntries(names.map((tenant) => [tenant, 1])))
      const rest = await claim(store, { names: ['x', 'y'], limit: 100 })
      expect(rest).toHaveLength(names.length * 3)
    })

    test('tenants whose order as UTF-16 differs from that of bytes take turns as well', async () => {
      const { store } = await harness.open()
      await insert(store, jobsOf('\uff5e', 10, 'x'), '\uff5e')
      await insert(store, jobsOf('\u{1f3c1}', 10, 'y'), '\u{1f3c1}')
      const served = []
      for (let i = 0; i < 4; i++) served.push(...(await claim(store, { names: ['x', 'y'] })))
      expect(count(served)).toEqual({ '\uff5e': 2, '\u{1f3c1}': 2 })
    })

    test('a settlement announces whose it is', async () => {
      const { store } = await harness.open()
      const job = aJob()
      await insert(store, [job], 'acme2')
      const [assignment] = await claim(store)
      if (!assignment) throw new Error('expected an assignment')
      expect(await settle(store, leaseOf(assignment), gives.ok)).toMatchObject({ announcement: { tenant: 'acme2', refs: [job.ref] } })
      expect(await read(store, { tenant: 'acme', ref: job.ref })).toEqual({ type: 'not_found' })
    })
  })
}
