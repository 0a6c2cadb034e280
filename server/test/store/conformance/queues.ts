import { describe, expect, test } from 'vitest'
import {
  aJob,
  aWish,
  cancel,
  claim,
  gives,
  type Harness,
  insert,
  inspectKnown,
  leaseOf,
  minute,
  only,
  readKnown,
  settings,
  settle,
  settlement,
  start,
  tenant,
} from './harness.js'

/** What operators say about queues. */
export function queues(harness: Harness): void {
  describe('queues', () => {
    const some = (count: number, queue = 'default') => Array.from({ length: count }, () => aJob({ queue }))

    test('a queue of which nothing was said has no state of its own', async () => {
      const { store } = await harness.open()
      await insert(store, some(1))
      expect(await store.queues()).toEqual([])
    })

    test('what a change does not name stays', async () => {
      const { store } = await harness.open()
      const change = async (fields: { paused?: boolean; limit?: number | null }) => only(await store.setQueues([{ queue: 'q', ...fields }]))
      expect(await change({ limit: 3 })).toEqual({ queue: 'q', paused: false, limit: 3 })
      expect(await change({ paused: true })).toEqual({ queue: 'q', paused: true, limit: 3 })
      expect(await change({})).toEqual({ queue: 'q', paused: true, limit: 3 })
      expect(await change({ limit: 0 })).toEqual({ queue: 'q', paused: true, limit: 0 })
      expect(await change({ limit: null, paused: false })).toEqual({ queue: 'q', paused: false, limit: null })
      expect(await store.queues()).toEqual([{ queue: 'q', paused: false, limit: null }])
    })

    test('changes of one call are made in order', async () => {
      const { store } = await harness.open()
      const changes = [
        { queue: 'b', paused: true },
        { queue: 'a', limit: 1 },
        { queue: 'b', limit: 2 },
      ]
      expect(await store.setQueues(changes)).toEqual([
        { queue: 'b', paused: true, limit: null },
        { queue: 'a', paused: false, limit: 1 },
        { queue: 'b', paused: true, limit: 2 },
      ])
      expect(await store.queues()).toHaveLength(2)
    })

    describe('paused', () => {
      test('it gives no jobs, neither to a claim nor to one made along with an insertion or a settlement', async () => {
        const { store } = await harness.open()
        const { lease } = await start(store)
        await insert(store, some(2))
        await store.setQueues([{ queue: 'default', paused: true }])
        expect(await claim(store, { limit: 5 })).toEqual([])
        expect((await store.insert([{ tenant, job: aJob() }], [aWish()])).claimed).toEqual([])
        expect((await store.settle([settlement(lease, gives.ok)], [aWish()])).claimed).toEqual([])
      })

      test('new jobs do not run where none wait, though a slot is free', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'default', paused: true }])
        const { inserted, claimed } = await store.insert([{ tenant, job: aJob() }], [aWish()])
        expect(inserted).toMatchObject([{ type: 'inserted', state: 'available' }])
        expect(claimed).toEqual([])
      })

      test('its running jobs go on, and settle', async () => {
        const { store } = await harness.open()
        const { lease, lookup } = await start(store)
        await store.setQueues([{ queue: 'default', paused: true }])
        expect(await store.renew([lease], settings.leaseMs)).not.toEqual([null])
        expect(await settle(store, lease, gives.ok)).toMatchObject({ announcement: { state: 'completed' } })
        expect((await readKnown(store, lookup)).job).toMatchObject({ state: 'completed', paused: true })
      })

      test('after it has answered, no claim asked before or after commits against it', async () => {
        const { store } = await harness.open()
        await insert(store, some(5))
        const before = claim(store)
        const paused = store.setQueues([{ queue: 'default', paused: true }])
        const after = claim(store)
        expect(await before).toHaveLength(1)
        await paused
        expect(await after).toEqual([])
      })

      test('other queues are untouched, and readings say which it is', async () => {
        const { store } = await harness.open()
        const [here, there] = [aJob({ queue: 'q1' }), aJob({ queue: 'q2' })]
        await insert(store, [here, there])
        await store.setQueues([{ queue: 'q1', paused: true }])
        expect((await readKnown(store, { tenant, ref: here.ref })).job.paused).toBe(true)
        expect((await readKnown(store, { tenant, ref: there.ref })).job.paused).toBe(false)
        expect((await inspectKnown(store, { tenant, ref: here.ref })).paused).toBe(true)
        expect((await inspectKnown(store, { tenant, ref: there.ref })).paused).toBe(false)
        expect(await claim(store, { queue: 'q2' })).toHaveLength(1)
      })

      test('jobs still come due, and can be cancelled', async () => {
        const { store, advance } = await harness.open()
        const [later, now] = [aJob({ scheduleIn: 60 }), aJob()]
        await insert(store, [later, now])
        await store.setQueues([{ queue: 'default', paused: true }])
        advance(minute)
        expect((await store.stage(10)).staged).toHaveLength(1)
        expect(await cancel(store, { tenant, ref: now.ref })).toMatchObject({ type: 'cancelled' })
      })

      test('resumed, it gives its jobs again', async () => {
        const { store } = await harness.open()
        await insert(store, some(2))
        await store.setQueues([{ queue: 'default', paused: true }])
        await store.setQueues([{ queue: 'default', paused: false }])
        expect(await claim(store, { limit: 5 })).toHaveLength(2)
      })
    })

    describe('limited', () => {
      test('no more of its jobs run at once than the limit, on all workers, of all tenants and names together', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'default', limit: 3 }])
        await insert(store, [...some(4), ...some(2).map((job) => ({ ...job, name: 'other' }))])
        await insert(store, some(4), 'rival')
        const wishes = [aWish({ worker: 'w1', limit: 2 }), aWish({ worker: 'w2', limit: 5, names: ['other', 'double'] }), aWish({ worker: 'w3' })]
        const claimed = await store.claim(wishes)
        expect(claimed.map(({ worker }) => worker)).toEqual(['w1', 'w1', 'w2'])
        expect(await claim(store, { limit: 5 })).toEqual([])
      })

      test('an attempt that ends makes room, in the same transaction', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'default', limit: 2 }])
        await insert(store, some(5))
        const [first] = await claim(store, { limit: 9 })
        if (!first) throw new Error('expected an assignment')
        const { claimed } = await store.settle([settlement(first, gives.ok)], [aWish({ limit: 9 })])
        expect(claimed).toHaveLength(1)
      })

      test('whatever ends it: a failure, a snooze, a crash, a release, a cancellation', async () => {
        const { store, advance } = await harness.open()
        await store.setQueues([{ queue: 'default', limit: 1 }])
        await insert(store, some(20))
        const next = async () => only(await claim(store, { limit: 9 }))
        await settle(store, leaseOf(await next()), gives.failed)
        await settle(store, leaseOf(await next()), gives.snooze(60))
        await next()
        advance(settings.leaseMs)
        await store.expire(10)
        await store.release([leaseOf(await next())])
        await settle(store, leaseOf(await next()), gives.cancel)
        await next()
        expect(await claim(store, { limit: 9 })).toEqual([])
      })

      test('the limit holds for claims made along with insertions', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'default', limit: 1 }])
        const { claimed } = await store.insert(
          some(3).map((job) => ({ tenant, job })),
          [aWish({ limit: 2 }), aWish({ worker: 'w2', limit: 2 })],
        )
        expect(claimed).toHaveLength(1)
      })

      test('of zero, it gives none', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'default', limit: 0 }])
        await insert(store, some(2))
        expect(await claim(store, { limit: 9 })).toEqual([])
      })

      test('lowered below what runs, it takes nothing away and gives nothing until enough has ended', async () => {
        const { store } = await harness.open()
        await insert(store, some(6))
        const running = await claim(store, { limit: 4 })
        await store.setQueues([{ queue: 'default', limit: 2 }])
        expect(await claim(store, { limit: 9 })).toEqual([])
        for (const each of running.slice(0, 2)) {
          await settle(store, leaseOf(each), gives.ok)
          expect(await claim(store, { limit: 9 })).toEqual([])
        }
        await settle(store, leaseOf(only(running.slice(2, 3))), gives.ok)
        expect(await claim(store, { limit: 9 })).toHaveLength(1)
      })

      test('raised or lifted, it gives more', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'default', limit: 1 }])
        await insert(store, some(9))
        expect(await claim(store, { limit: 9 })).toHaveLength(1)
        await store.setQueues([{ queue: 'default', limit: 3 }])
        expect(await claim(store, { limit: 9 })).toHaveLength(2)
        await store.setQueues([{ queue: 'default', limit: null }])
        expect(await claim(store, { limit: 9 })).toHaveLength(6)
      })

      test('jobs of other queues do not count', async () => {
        const { store } = await harness.open()
        await store.setQueues([{ queue: 'q1', limit: 1 }])
        await insert(store, [...some(3, 'q1'), ...some(3, 'q2')])
        expect(await claim(store, { queue: 'q2', limit: 9 })).toHaveLength(3)
        expect(await claim(store, { queue: 'q1', limit: 9 })).toHaveLength(1)
      })
    })

    if (harness.survivesReopen) {
      test('a restart keeps what was said', async () => {
        const { store, reopen } = await harness.open()
        await insert(store, [...some(2, 'q1'), ...some(2, 'q2')])
        const states = await store.setQueues([
          { queue: 'q1', paused: true },
          { queue: 'q2', limit: 1 },
        ])
        const again = await reopen()
        expect(await again.queues()).toEqual(states)
        expect(await claim(again, { queue: 'q1', limit: 9 })).toEqual([])
        expect(await claim(again, { queue: 'q2', limit: 9 })).toHaveLength(1)
      })
    }
  })
}
