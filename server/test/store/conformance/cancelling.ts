import { mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import {
  aJob,
  cancel,
  claim,
  gives,
  type Harness,
  insert,
  inspectKnown,
  leaseOf,
  minute,
  only,
  read,
  readKnown,
  requestCancel,
  sealedReason,
  settings,
  settle,
  start,
  tenant,
} from './harness.js'

const { leaseMs, cancelGraceMs } = settings

/** A caller wants a job no longer. */
export function cancelling(harness: Harness): void {
  describe('cancelling', () => {
    describe('a job that waits', () => {
      const waiting: [string, (store: Store) => Promise<{ ref: string; attempt: number }>][] = [
        [
          'scheduled',
          async (store) => {
            const job = aJob({ scheduleIn: 60 })
            await insert(store, [job])
            return { ref: job.ref, attempt: 0 }
          },
        ],
        [
          'available',
          async (store) => {
            const job = aJob()
            await insert(store, [job])
            return { ref: job.ref, attempt: 0 }
          },
        ],
        [
          'retryable',
          async (store) => {
            const { lookup, lease } = await start(store)
            await settle(store, lease, gives.failed)
            return { ref: lookup.ref, attempt: 1 }
          },
        ],
      ]

      test.each(waiting)('is cancelled at once when it is %s', async (state, make) => {
        const { store, advance } = await harness.open()
        const { ref, attempt } = await make(store)
        const lookup = { tenant, ref }
        const before = await readKnown(store, lookup)
        expect(before.job.state).toBe(state)
        const cancelled = await cancel(store, lookup, 'gone')
        const { job, latest } = await readKnown(store, lookup)
        expect(job).toMatchObject({ state: 'cancelled', attempt })
        expect(latest).toEqual({ type: 'cancel', ...sealedReason('gone'), number: attempt + 1, attempt, at: latest?.at, final: true })
        expect(cancelled).toMatchObject({
          type: 'cancelled',
          announcement: { tenant, refs: [ref], state: 'cancelled', dueAt: null, outcome: latest },
        })
        advance(31 * 24 * 60 * minute)
        expect(await store.stage(10)).toEqual({ staged: [], nextDueAt: null })
        expect(await claim(store)).toEqual([])
      })

      test('did not run: its announcement counts from now, and its outcome has no chunks', async () => {
        const { store, advance } = await harness.open()
        const { lookup, lease } = await start(store)
        await store.emit([{ ...lease, index: 0, codec: 'd6', value: '[1]' }])
        await settle(store, lease, gives.failed)
        advance(minute)
        const cancelled = await cancel(store, lookup)
        if (cancelled.type !== 'cancelled') throw new Error('expected it to be cancelled')
        expect(cancelled.announcement.claimedAt).toBe(cancelled.announcement.outcome.at)
        expect(cancelled.announcement.outcome).not.toHaveProperty('chunks')
      })

      test('is pruned after its retention like any other that ended', async () => {
        const { store, advance } = await harness.open()
        const job = aJob()
        await insert(store, [job])
        await cancel(store, { tenant, ref: job.ref })
        advance(settings.retentionMs + minute)
        expect(await store.prune(10)).toEqual([{ tenant, ref: job.ref }])
      })
    })

    describe('a job that runs', () => {
      test('runs on: the request is stored, with its lease', async () => {
        const { store } = await harness.open()
        const { lookup, lease } = await start(store)
        expect(await cancel(store, lookup)).toEqual({ type: 'requested', lease, state: 'executing', reason: sealedReason() })
        expect(await readKnown(store, lookup)).toMatchObject({ job: { state: 'executing', attempt: 1 }, latest: null })
        expect((await inspectKnown(store, lookup)).cancelRequested).toBe(true)
      })

      test('its worker learns the reason when it renews, and nothing before anybody asked', async () => {
        const { store } = await harness.open()
        const { lookup, lease } = await start(store)
        expect(await store.renew([lease], leaseMs)).toMatchObject([{ cancel: null }])
        await requestCancel(store, lookup, 'stop')
        expect(await store.renew([lease], leaseMs)).toMatchObject([{ jobId: lease.jobId, cancel: sealedReason('stop') }])
      })

      test('asking again changes nothing: the first reason and the first grace stay', async () => {
        const { store, advance } = await harness.open()
        const { lookup, lease } = await start(store)
        await requestCancel(store, lookup, 'first')
        advance(cancelGraceMs - minute)
        expect(await cancel(store, lookup, 'second')).toEqual({ type: 'requested', lease, state: 'executing', reason: sealedReason('first') })
        advance(minute)
        expect(only(await store.expire(10)).announcement.outcome).toMatchObject(sealedReason('first'))
      })

      test.each([
        ['ok', gives.ok, 'completed', gives.ok],
        ['discard', gives.discard, 'discarded', gives.discard],
        ['cancel', gives.cancel, 'cancelled', { type: 'cancel', ...sealedReason('stop') }],
        ['error', gives.failed, 'cancelled', { type: 'cancel', ...sealedReason('stop') }],
        ['snooze', gives.snooze(60), 'cancelled', { type: 'cancel', ...sealedReason('stop') }],
      ] as const)('and then gives %s', async (_, given, state, outcome) => {
        const { store, advance } = await harness.open()
        const { lookup, lease } = await start(store)
        await requestCancel(store, lookup, 'stop')
        expect(await settle(store, lease, given)).toMatchObject({ announcement: { state, dueAt: null, outcome: { ...outcome, final: true } } })
        expect((await readKnown(store, lookup)).job).toMatchObject({ state, attempt: 1 })
        expect(await settle(store, lease, given)).toEqual({ type: 'settled', announcement: null })
        advance(31 * 24 * 60 * minute)
        expect(await store.stage(10)).toEqual({ staged: [], nextDueAt: null })
        expect(await store.expire(10)).toEqual([])
      })

      test('is cancelled when its lease is lost, and never tried again', async () => {
        const { store, advance } = await harness.open()
        const { lookup, lease } = await start(store)
        await store.renew([lease], minute)
        await requestCancel(store, lookup, 'stop')
        advance(minute)
        const outcome = { type: 'cancel', ...sealedReason('stop'), final: true }
        expect(await store.expire(10)).toMatchObject([{ lease, announcement: { state: 'cancelled', outcome } }])
        expect(await claim(store)).toEqual([])
      })

      test('is cancelled when its grace is over, though its lease is not; its late word is stale', async () => {
        const { store, advance } = await harness.open()
        const { lookup, lease } = await start(store)
        await requestCancel(store, lookup, 'stop')
        advance(cancelGraceMs - minute)
        expect(await store.expire(10)).toEqual([])
        advance(minute)
        const outcome = { type: 'cancel', ...sealedReason('stop'), number: 1, final: true }
        expect(await store.expire(10)).toMatchObject([{ lease, announcement: { refs: [lookup.ref], state: 'cancelled', outcome } }])
        expect(await settle(store, lease, gives.ok)).toEqual({ type: 'stale' })
        expect(await store.renew([lease], leaseMs)).toEqual([null])
        expect(await store.expire(10)).toEqual([])
        expect((await readKnown(store, lookup)).latest).toMatchObject(outcome)
      })

      test('renewing its lease does not lengthen its grace', async () => {
        const { store, advance } = await harness.open()
        const { lookup, lease } = await start(store)
        await requestCancel(store, lookup)
        advance(cancelGraceMs)
        await store.renew([lease], leaseMs)
        expect(await store.expire(10)).toHaveLength(1)
      })

      test('leases lost and graces over share the limit', async () => {
        const { store, advance } = await harness.open()
        const silent = await start(store)
        await store.renew([silent.lease], minute)
        for (let i = 0; i < 2; i++) await requestCancel(store, (await start(store)).lookup)
        await requestCancel(store, silent.lookup)
        advance(cancelGraceMs)
        const taken = [await store.expire(2), await store.expire(2), await store.expire(2)]
        expect(taken.map((each) => each.length)).toEqual([2, 1, 0])
        expect(only(taken[0]?.slice(0, 1) ?? []).lease).toEqual(silent.lease)
      })

      test('handed back, it is cancelled at once, and the answer says whom to tell', async () => {
        const { store } = await harness.open()
        const { lookup, lease } = await start(store)
        const other = await start(store)
        await requestCancel(store, lookup, 'stop')
        const released = await store.release([lease, other.lease])
        const outcome = { type: 'cancel', ...sealedReason('stop'), number: 1, final: true }
        expect(released).toMatchObject([{ announcement: { refs: [lookup.ref], state: 'cancelled', outcome } }, { jobId: other.lease.jobId }])
        expect((await readKnown(store, lookup)).job.state).toBe('cancelled')
        expect(await store.release([lease])).toEqual([null])
      })

      test('the next attempt of another job knows nothing of it', async () => {
        const { store } = await harness.open()
        const { lookup, lease } = await start(store)
        await requestCancel(store, lookup)
        await settle(store, lease, gives.failed)
        const next = await start(store)
        expect(await settle(store, next.lease, gives.failed)).toMatchObject({ announcement: { state: 'retryable' } })
      })
    })

    test.each([
      ['completed', gives.ok],
      ['cancelled', gives.cancel],
      ['discarded', gives.discard],
    ] as const)('a job that is %s already stays so', async (state, given) => {
      const { store } = await harness.open()
      const { lookup, lease } = await start(store)
      await settle(store, lease, given)
      const before = await readKnown(store, lookup)
      expect(await cancel(store, lookup)).toEqual({ type: 'finished', state })
      expect(await readKnown(store, lookup)).toEqual(before)
    })

    test('what is asked twice in one call is done once', async () => {
      const { store } = await harness.open()
      const job = aJob()
      await insert(store, [job])
      const lookup = { tenant, ref: job.ref, reason: sealedReason() }
      expect(await store.cancel([lookup, lookup])).toMatchObject([{ type: 'cancelled' }, { type: 'finished', state: 'cancelled' }])
      expect((await readKnown(store, lookup)).latest?.number).toBe(1)
    })

    test("a ref that never was, another tenant's, and one that was pruned", async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      expect(await cancel(store, { tenant, ref: mintRef() })).toEqual({ type: 'not_found' })
      expect(await cancel(store, { tenant: 'other', ref: lookup.ref })).toEqual({ type: 'not_found' })
      expect(await settle(store, lease, gives.failed)).toMatchObject({ announcement: { state: 'retryable' } })
      await cancel(store, lookup)
      advance(settings.retentionMs + minute)
      await store.prune(10)
      expect(await cancel(store, lookup)).toEqual({ type: 'expired' })
      expect(await read(store, lookup)).toEqual({ type: 'expired' })
    })

    test('a reason of a megabyte comes back whole', async () => {
      const { store } = await harness.open()
      const { lookup, lease } = await start(store)
      const text = 'x'.repeat(1024 * 1024)
      await requestCancel(store, lookup, text)
      await settle(store, leaseOf(lease), gives.failed)
      const { latest } = await readKnown(store, lookup)
      expect(latest?.type === 'cancel' && latest.value === sealedReason(text).value).toBe(true)
    })

    if (harness.survivesReopen) {
      test('a request outlives a restart', async () => {
        const { store, reopen } = await harness.open()
        const { lookup, lease } = await start(store)
        await requestCancel(store, lookup, 'stop')
        const again = await reopen()
        expect(await again.renew([lease], leaseMs)).toMatchObject([{ cancel: sealedReason('stop') }])
        expect(await settle(again, lease, gives.failed)).toMatchObject({ announcement: { state: 'cancelled' } })
      })
    }
  })
}
