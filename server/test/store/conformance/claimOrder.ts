import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aJob, aWish, claim, type Harness, insert, leaseOf, leasesOf, minute, only, tenant } from './harness.js'

/** Which job a claim gets. */
export function claimOrder(harness: Harness): void {
  describe('the order of claims', () => {
    test('priority first, then due time, then age', async () => {
      const { store } = await harness.open()
      const at = (priority: number, scheduledAt: number, args: string) => aJob({ priority, scheduledAt, args })
      await insert(store, [at(9, 1, '7'), at(0, 30, '3'), at(0, 20, '1'), at(5, 10, '5'), at(0, 30, '4'), at(0, 20, '2'), at(5, 11, '6')])
      const order: string[] = []
      for (let i = 0; i < 7; i++) order.push(only(await claim(store)).args)
      expect(order).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    })

    test('over several names as within one, whatever the limits', async () => {
      const { store } = await harness.open()
      const names = ['a', 'b', 'c']
      let round = 0
      const jobs = fc.array(fc.record({ name: fc.constantFrom(...names), priority: fc.nat(2), scheduledAt: fc.nat(3) }), { maxLength: 40 })
      await fc.assert(
        fc.asyncProperty(jobs, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (wanted, limits) => {
          const queue = `q${round++}`
          await insert(
            store,
            wanted.map((job, i) => aJob({ ...job, queue, args: String(i) })),
          )
          const order: number[] = []
          for (let i = 0; order.length < wanted.length; i++) {
            const limit = limits[i % limits.length] as number
            const claimed = await claim(store, { queue, names: [...names, 'none'], limit })
            expect(claimed).toHaveLength(Math.min(limit, wanted.length - order.length))
            order.push(...claimed.map(({ args }) => Number(args)))
          }
          const expected = wanted
            .map((job, i) => ({ ...job, i }))
            .sort((a, b) => a.priority - b.priority || a.scheduledAt - b.scheduledAt || a.i - b.i)
          expect(order).toEqual(expected.map(({ i }) => i))
        }),
        { numRuns: 60 },
      )
    })

    test('only of its queue and names', async () => {
      const { store } = await harness.open()
      const wanted = aJob({ name: 'b', queue: 'q1' })
      await insert(store, [aJob({ name: 'b', queue: 'q2' }), aJob({ name: 'c', queue: 'q1' }), aJob({ name: 'B', queue: 'q1' }), wanted])
      expect(await claim(store, { queue: 'q1', names: ['a', 'b', 'd'], limit: 9 })).toHaveLength(1)
      expect(await claim(store, { queue: 'q1', names: [], limit: 9 })).toEqual([])
    })

    test('a name is found among thousands that have no jobs, and jobs among thousands of other names', async () => {
      const { store } = await harness.open()
      const others = Array.from({ length: 3_000 }, (_, i) => aJob({ name: `other${i}` }))
      await insert(store, [...others, aJob({ name: 'wanted' })])
      const names = Array.from({ length: 3_000 }, (_, i) => `unused${i}`)
      expect(await claim(store, { names: [...names, 'wanted', 'other5'], limit: 5 })).toHaveLength(2)
    })

    test('a name may be asked for twice', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob(), aJob(), aJob()])
      const claimed = await claim(store, { names: ['double', 'double'], limit: 5 })
      expect(new Set(claimed.map(({ jobId }) => jobId)).size).toBe(3)
      expect(claimed).toHaveLength(3)
    })

    test('names are found in any order of their letters: that of bytes and that of UTF-16 differ', async () => {
      const { store } = await harness.open()
      // U+1F3C1 comes before U+FF5E as UTF-16, and behind it as UTF-8.
      await insert(store, [aJob({ name: '\uff5e' }), aJob({ name: 'z' }), aJob({ name: '\uff5e\u{1f3c1}' })])
      const absent = ['\u{1f3c1}', 'a', '\u{1f3c1}\uff5e']
      expect(await claim(store, { names: [...absent, '\uff5e', 'z', '\uff5e\u{1f3c1}'], limit: 9 })).toHaveLength(3)
    })

    test('a claim gets at most its limit, and nothing for a limit of zero', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob(), aJob(), aJob()])
      expect(await claim(store, { limit: 0 })).toEqual([])
      expect(await claim(store, { limit: 2 })).toHaveLength(2)
      expect(await claim(store, { limit: 2 })).toHaveLength(1)
      expect(await claim(store, { limit: 2 })).toEqual([])
    })

    test('claims of one call share the jobs, first come first served', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob({ args: '1' }), aJob({ args: '2' }), aJob({ args: '3' })])
      const claimed = await store.claim([aWish({ worker: 'w1', limit: 2 }), aWish({ worker: 'w2', limit: 2 })])
      expect(claimed.map(({ worker, assignment }) => [worker, assignment.args])).toEqual([
        ['w1', '1'],
        ['w1', '2'],
        ['w2', '3'],
      ])
      expect(new Set(leasesOf(claimed).map(({ lease }) => lease)).size).toBe(3)
    })

    test('each claim counts an attempt and has a fresh token', async () => {
      const { store, advance } = await harness.open()
      await insert(store, [aJob()])
      const first = only(await claim(store))
      advance(11 * minute)
      await store.expire(10)
      const second = only(await claim(store))
      expect([first.attempt, second.attempt]).toEqual([1, 2])
      expect(second.jobId).toBe(first.jobId)
      expect(second.lease).not.toBe(first.lease)
      expect(second.lease).toMatch(/^[0-9a-f]{32}$/)
    })

    test('a settlement refills the slot it frees, with the next in order', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob({ args: '1' }), aJob({ args: '2' })])
      const first = only(await claim(store))
      const outcome = { type: 'ok', codec: 'd6', value: '[1]' } as const
      const { settled, claimed } = await store.settle([{ ...leaseOf(first), outcome }], [aWish()])
      expect(only(settled)).toMatchObject({ type: 'settled', announcement: { tenant, state: 'completed' } })
      expect(only(claimed).assignment.args).toBe('2')
    })
  })
}
