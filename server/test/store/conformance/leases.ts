import { describe, expect, test } from 'vitest'
import {
  aJob,
  claim,
  gives,
  type Harness,
  insert,
  leaseOf,
  minute,
  only,
  readKnown,
  requestCancel,
  sealedReason,
  settings,
  settle,
  settlement,
  start,
  strangeLease,
} from './harness.js'

const { leaseMs } = settings

/** The token of a claim alone fences what its holder says: guarantee 4. */
export function leases(harness: Harness): void {
  describe('leases', () => {
    test('renewing answers with the lane of a held lease, and null for any other', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      const forged = { ...lease, lease: '0'.repeat(32) }
      expect(await store.renew([lease, forged, strangeLease], leaseMs)).toEqual([
        { jobId: lease.jobId, tenant: 'acme', queue: 'default', name: 'double', cancel: null },
        null,
        null,
      ])
    })

    test('a renewed lease lasts from the renewal on', async () => {
      const { store, advance } = await harness.open()
      const { lease } = await start(store)
      for (let i = 0; i < 3; i++) {
        advance(leaseMs - minute)
        expect(await store.expire(10)).toEqual([])
        expect(await store.renew([lease], leaseMs)).not.toEqual([null])
      }
      advance(leaseMs)
      expect(await store.expire(10)).toHaveLength(1)
    })

    test('asking what is held answers as a renewal does, and changes nothing', async () => {
      const { store, advance } = await harness.open()
      const { lease } = await start(store)
      advance(leaseMs)
      const held = { jobId: lease.jobId, tenant: 'acme', queue: 'default', name: 'double', cancel: null }
      expect(await store.held([{ ...lease, lease: '0'.repeat(32) }, lease, strangeLease])).toEqual([null, held, null])
      expect(only(await store.expire(10)).lease).toEqual(lease)
      expect(await store.held([lease])).toEqual([null])
    })

    test('what is held says what cancellation was asked for', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await requestCancel(store, lookup, 'why')
      expect(await store.held([lease])).toMatchObject([{ cancel: sealedReason('why') }])
    })

    describe('shortening', () => {
      test('brings the end nearer, and never puts it off', async () => {
        const { store, advance } = await harness.open()
        const { lease } = await start(store)
        expect(await store.shorten([lease, strangeLease], 2 * minute, 'w1')).toEqual([true, false])
        expect(await store.shorten([lease], 5 * minute, 'w1')).toEqual([true])
        advance(2 * minute)
        expect(only(await store.expire(10)).lease).toEqual(lease)
      })

      test('is in vain once the worker has presented the lease on another connection', async () => {
        const { store, advance } = await harness.open()
        const { lease } = await start(store)
        await store.renew([lease], leaseMs, 'w2')
        expect(await store.shorten([lease], minute, 'w1')).toEqual([false])
        advance(leaseMs - minute)
        expect(await store.expire(10)).toEqual([])
        expect(await store.shorten([lease], 0, 'w2')).toEqual([true])
        expect(await store.expire(10)).toHaveLength(1)
      })

      test('before that, it holds only until then', async () => {
        const { store, advance } = await harness.open()
        const { lease } = await start(store)
        await store.shorten([lease], minute, 'w1')
        await store.renew([lease], leaseMs, 'w2')
        advance(leaseMs - minute)
        expect(await store.expire(10)).toEqual([])
      })

      test('a renewal that names no connection leaves the lease with the one that holds it', async () => {
        const { store } = await harness.open()
        const { lease } = await start(store)
        await store.renew([lease], leaseMs)
        expect(await store.shorten([lease], 0, 'w1')).toEqual([true])
      })

      test('another attempt is not the business of the connection that ran the last one', async () => {
        const { store, advance } = await harness.open()
        const { lease } = await start(store)
        advance(leaseMs)
        await store.expire(10)
        const next = leaseOf(only(await claim(store, { worker: 'w2' })))
        expect(await store.shorten([lease, next], 0, 'w1')).toEqual([false, false])
        expect(await store.expire(10)).toEqual([])
      })
    })

    test('a lease past its end is still held until it is taken', async () => {
      const { store, advance } = await harness.open()
      const { lease } = await start(store)
      advance(3 * leaseMs)
      expect(await store.renew([lease], leaseMs)).not.toEqual([null])
      expect(await store.expire(10)).toEqual([])
    })

    test('a late settlement counts as long as nothing has replaced the token', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      advance(3 * leaseMs)
      expect(await settle(store, lease, gives.ok)).toMatchObject({ type: 'settled', announcement: { state: 'completed' } })
      expect((await readKnown(store, lookup)).job.state).toBe('completed')
    })

    test("a stale worker's word changes nothing", async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      advance(leaseMs)
      await store.expire(10)
      const current = leaseOf(only(await claim(store)))
      const before = await readKnown(store, lookup)
      expect(await settle(store, lease, gives.ok)).toEqual({ type: 'stale' })
      expect(await store.renew([lease], 100 * leaseMs)).toEqual([null])
      expect(await store.release([lease])).toEqual([null])
      expect(await readKnown(store, lookup)).toEqual(before)
      expect(await settle(store, current, gives.ok)).toMatchObject({ type: 'settled', announcement: { outcome: { number: 2, attempt: 2 } } })
    })

    test('a settlement sent again is settled once and announced once', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await settle(store, lease, gives.ok)
      const before = await readKnown(store, lookup)
      expect(await settle(store, lease, gives.ok)).toEqual({ type: 'settled', announcement: null })
      expect(await settle(store, lease, gives.failed)).toEqual({ type: 'settled', announcement: null })
      expect(await readKnown(store, lookup)).toEqual(before)
    })

    test('the same settlement twice in one call counts once', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      const { settled } = await store.settle([settlement(lease, gives.failed), settlement(lease, gives.ok)], [])
      expect(settled).toMatchObject([{ announcement: { state: 'retryable' } }, { type: 'settled', announcement: null }])
    })

    test('a resend is known again even while the next attempt runs', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      await settle(store, lease, gives.snooze(0))
      await store.stage(10)
      const second = leaseOf(only(await claim(store)))
      expect(await settle(store, lease, gives.ok)).toEqual({ type: 'settled', announcement: null })
      expect(await settle(store, second, gives.ok)).toMatchObject({ announcement: { state: 'completed' } })
      expect(await settle(store, lease, gives.ok)).toEqual({ type: 'stale' })
    })

    test('the token of a dead worker settles nothing afterwards', async () => {
      const { store, advance } = await harness.open()
      const { lease } = await start(store)
      advance(leaseMs)
      await store.expire(10)
      expect(await settle(store, lease, gives.ok)).toEqual({ type: 'stale' })
    })

    test.each(['0', '-1', '1e0', '1.0', ' 1', '', 'NaN', 'abc', '99999999999999999999', "1' OR '1"])(
      'a job id that was made up is stale: %j',
      async (jobId) => {
        const { store } = await harness.open()
        const { lease } = await start(store)
        const forged = { ...lease, jobId }
        expect(await settle(store, forged, gives.ok)).toEqual({ type: 'stale' })
        expect(await store.renew([forged], leaseMs)).toEqual([null])
        expect(await store.release([forged])).toEqual([null])
      },
    )

    test('the token of another job is stale', async () => {
      const { store } = await harness.open()
      const { lease: first } = await start(store)
      const { lease: second } = await start(store)
      expect(await settle(store, { ...first, lease: second.lease }, gives.ok)).toEqual({ type: 'stale' })
    })

    describe('handing back', () => {
      test('a job handed back is available again, its attempt not consumed', async () => {
        const { store } = await harness.open()
        const { lease, lookup } = await start(store)
        expect(await store.release([lease, strangeLease])).toEqual([
          { jobId: lease.jobId, queue: 'default', name: 'double', attempt: 0, run: 1 },
          null,
        ])
        const { job, latest } = await readKnown(store, lookup)
        expect(job).toMatchObject({ state: 'available', attempt: 0 })
        expect(latest).toBeNull()
        expect(only(await claim(store)).attempt).toBe(1)
      })

      test('it keeps its place in the order', async () => {
        const { store } = await harness.open()
        const { lease } = await start(store, { args: 'first' })
        await insert(store, [aJob({ args: 'second' })])
        await store.release([lease])
        expect((await claim(store, { limit: 2 })).map(({ args }) => args)).toEqual(['first', 'second'])
      })

      test('its token is worth nothing afterwards', async () => {
        const { store } = await harness.open()
        const { lease } = await start(store)
        await store.release([lease])
        expect(await store.release([lease])).toEqual([null])
        expect(await store.renew([lease], leaseMs)).toEqual([null])
        expect(await settle(store, lease, gives.ok)).toEqual({ type: 'stale' })
      })

      test('a released lease does not expire', async () => {
        const { store, advance } = await harness.open()
        const { lease } = await start(store)
        await store.release([lease])
        advance(3 * leaseMs)
        expect(await store.expire(10)).toEqual([])
      })
    })
  })
}
