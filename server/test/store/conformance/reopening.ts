import { mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
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
  readKnown,
  requestCancel,
  settings,
  settle,
  start,
  tenant,
} from './harness.js'

/** An operator lets a job run once more. */
export function reopening(harness: Harness): void {
  describe('reopening', () => {
    test.each([
      ['completed', gives.ok],
      ['cancelled', gives.cancel],
      ['discarded', gives.discard],
    ] as const)('a job that is %s runs again under its ref, and its outcomes are numbered on', async (_, given) => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      await settle(store, lease, given)
      const before = await readKnown(store, lookup)
      advance(minute)
      const waiter = { jobId: lease.jobId, queue: 'default', name: 'double', attempt: 1, run: 1 }
      expect(await store.retry([lookup])).toEqual([{ type: 'retried', waiter }])
      const { job, latest } = await readKnown(store, lookup)
      expect(job).toMatchObject({ state: 'available', attempt: 1 })
      expect(job.dueAt).toBeGreaterThanOrEqual(before.job.dueAt + minute)
      expect(latest).toEqual(before.latest)
      expect(await inspectKnown(store, lookup)).toMatchObject({ finishedAt: null })
      const second = only(await claim(store))
      expect(second).toMatchObject({ jobId: lease.jobId, attempt: 2 })
      expect(await settle(store, leaseOf(second), gives.ok)).toMatchObject({ announcement: { outcome: { number: 2, attempt: 2, final: true } } })
    })

    test('one that used up its attempts gets one more, and no more than one', async () => {
      const { store } = await harness.open()
      const { lookup, lease } = await start(store, { maxAttempts: 1 })
      await settle(store, lease, gives.failed)
      await store.retry([lookup])
      const second = only(await claim(store))
      expect(second).toMatchObject({ attempt: 2, maxAttempts: 2 })
      expect(await settle(store, leaseOf(second), gives.failed)).toMatchObject({ announcement: { state: 'discarded', outcome: { number: 2 } } })
    })

    test('the cancellation it ended by is forgotten', async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      await requestCancel(store, lookup)
      await settle(store, lease, gives.failed)
      await store.retry([lookup])
      expect((await inspectKnown(store, lookup)).cancelRequested).toBe(false)
      const second = leaseOf(only(await claim(store)))
      expect(await store.renew([second], settings.leaseMs)).toMatchObject([{ cancel: null }])
      advance(settings.cancelGraceMs)
      expect(await store.expire(10)).toEqual([])
      expect(await settle(store, second, gives.failed)).toMatchObject({ announcement: { state: 'retryable' } })
    })

    test('it is not pruned while it is open, and its retention begins anew', async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      await settle(store, lease, gives.ok)
      await store.retry([lookup])
      advance(settings.retentionMs + minute)
      expect(await store.prune(10)).toEqual([])
      await settle(store, leaseOf(only(await claim(store))), gives.ok)
      advance(settings.retentionMs - minute)
      expect(await store.prune(10)).toEqual([])
      advance(2 * minute)
      expect(await store.prune(10)).toEqual([lookup])
    })

    test('the token that settled it is known as before, until another settles it', async () => {
      const { store } = await harness.open()
      const { lookup, lease } = await start(store)
      await settle(store, lease, gives.ok)
      await store.retry([lookup])
      expect(await settle(store, lease, gives.failed)).toEqual({ type: 'settled', announcement: null })
      expect((await readKnown(store, lookup)).job.state).toBe('available')
      const second = leaseOf(only(await claim(store)))
      await settle(store, second, gives.ok)
      expect(await settle(store, lease, gives.ok)).toEqual({ type: 'stale' })
    })

    test('a job that has not ended is left as it is', async () => {
      const { store } = await harness.open()
      const scheduled = aJob({ scheduleIn: 60 })
      const available = aJob({ name: 'other' })
      await insert(store, [scheduled, available])
      const running = await start(store)
      const failed = await start(store)
      await settle(store, failed.lease, gives.failed)
      const lookups = [{ tenant, ref: scheduled.ref }, { tenant, ref: available.ref }, running.lookup, failed.lookup]
      const before = await store.read(lookups)
      expect(await store.retry(lookups)).toEqual(lookups.map(() => ({ type: 'unfinished' })))
      expect(await store.read(lookups)).toEqual(before)
    })

    test('asked twice in one call, it is reopened once', async () => {
      const { store } = await harness.open()
      const { lookup, lease } = await start(store)
      await settle(store, lease, gives.ok)
      expect(await store.retry([lookup, lookup])).toMatchObject([{ type: 'retried' }, { type: 'unfinished' }])
    })

    test('one that was cancelled before it ever ran runs for the first time', async () => {
      const { store } = await harness.open()
      const job = aJob()
      await insert(store, [job])
      await cancel(store, { tenant, ref: job.ref })
      await store.retry([{ tenant, ref: job.ref }])
      const assignment = only(await claim(store))
      expect(assignment.attempt).toBe(1)
      expect(await settle(store, leaseOf(assignment), gives.ok)).toMatchObject({ announcement: { outcome: { number: 2 } } })
    })

    test("a ref that never was, another tenant's, and one that was pruned", async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      await settle(store, lease, gives.ok)
      const lookups = [
        { tenant, ref: mintRef() },
        { tenant: 'other', ref: lookup.ref },
      ]
      expect(await store.retry(lookups)).toEqual([{ type: 'not_found' }, { type: 'not_found' }])
      advance(settings.retentionMs + minute)
      await store.prune(10)
      expect(await store.retry([lookup])).toEqual([{ type: 'expired' }])
    })
  })
}
