import { describe, expect, test } from 'vitest'
import { aJob, claim, gives, type Harness, insert, leaseOf, minute, only, read, settings, settle, start, tenant } from './harness.js'

const { retentionMs, tombstoneMs } = settings

/** How long what has ended is kept, and what remains of it. */
export function retention(harness: Harness): void {
  describe('retention', () => {
    async function finish(harness: Harness) {
      const opened = await harness.open()
      const job = aJob()
      await insert(opened.store, [job])
      await settle(opened.store, leaseOf(only(await claim(opened.store))), gives.ok)
      return { ...opened, job, lookup: { tenant, ref: job.ref } }
    }

    test('a finished job is kept for its retention', async () => {
      const { store, advance, lookup } = await finish(harness)
      advance(retentionMs - minute)
      expect(await store.prune(10)).toEqual([])
      expect(await read(store, lookup)).toMatchObject({ type: 'known', latest: { type: 'ok' } })
    })

    test('after it the job is deleted, and its ref is expired: to read, and to insert again', async () => {
      const { store, advance, job, lookup } = await finish(harness)
      advance(retentionMs + minute)
      expect(await store.prune(10)).toEqual([lookup])
      expect(await read(store, lookup)).toEqual({ type: 'expired' })
      for (const same of [job, { ...job, priority: 1 }]) {
        expect(only(await insert(store, [same]))).toMatchObject({
          type: 'refused',
          refusal: { code: 'expired', message: expect.stringContaining(job.ref) },
        })
      }
      expect(await store.prune(10)).toEqual([])
    })

    test('a tombstone takes its unit along', async () => {
      const { store, advance, job } = await finish(harness)
      advance(retentionMs + minute)
      await store.prune(10)
      const { inserted } = await store.insert(
        [aJob(), job].map((each) => ({ tenant, job: each, unit: 1 })),
        [],
      )
      expect(inserted).toMatchObject([
        { refusal: { code: 'invalid_job', message: expect.stringMatching(/^Another job/) } },
        { refusal: { code: 'expired' } },
      ])
    })

    test('a tombstone is of its tenant alone', async () => {
      const { store, advance, job, lookup } = await finish(harness)
      advance(retentionMs + minute)
      await store.prune(10)
      expect(await read(store, { ...lookup, tenant: 'other' })).toEqual({ type: 'not_found' })
      expect(only(await insert(store, [job], 'other'))).toMatchObject({ type: 'inserted' })
    })

    test('after the tombstone the ref is new again, whether the tombstone has been deleted or not', async () => {
      const { store, advance, job, lookup } = await finish(harness)
      advance(retentionMs + minute)
      await store.prune(10)
      advance(tombstoneMs - minute)
      expect(await read(store, lookup)).toEqual({ type: 'expired' })
      advance(minute)
      expect(await read(store, lookup)).toEqual({ type: 'not_found' })
      expect(only(await insert(store, [job]))).toMatchObject({ type: 'inserted' })
      expect(await store.prune(10)).toEqual([])
      expect(await read(store, lookup)).toMatchObject({ type: 'known', job: { state: 'available' } })
    })

    test('a ref that came again leaves a tombstone again', async () => {
      const { store, advance, job, lookup } = await finish(harness)
      advance(retentionMs + minute)
      await store.prune(10)
      advance(tombstoneMs)
      await insert(store, [job])
      await settle(store, leaseOf(only(await claim(store))), gives.ok)
      advance(retentionMs + minute)
      expect(await store.prune(10)).toEqual([lookup])
      advance(tombstoneMs - minute)
      expect(await read(store, lookup)).toEqual({ type: 'expired' })
    })

    test('a tombstone forgotten by prune is as if it had never been', async () => {
      const { store, advance, lookup } = await finish(harness)
      advance(retentionMs + minute)
      await store.prune(10)
      advance(tombstoneMs)
      expect(await store.prune(10)).toEqual([])
      expect(await read(store, lookup)).toEqual({ type: 'not_found' })
    })

    test('what has not ended is never pruned', async () => {
      const { store, advance } = await harness.open()
      const running = await start(store)
      const failed = await start(store)
      await settle(store, failed.lease, { ...gives.failed, backoff: 2_592_000 })
      const scheduled = aJob({ scheduleIn: 315_360_000 })
      const available = aJob()
      await insert(store, [scheduled, available])
      advance(1000 * retentionMs)
      expect(await store.prune(10)).toEqual([])
      const lookups = [running.lookup, failed.lookup, { tenant, ref: scheduled.ref }, { tenant, ref: available.ref }]
      expect((await store.read(lookups)).map((each) => each.type === 'known' && each.job.state)).toEqual([
        'executing',
        'retryable',
        'scheduled',
        'available',
      ])
    })

    test('cancelled and discarded jobs are pruned like completed ones', async () => {
      const { store, advance } = await harness.open()
      for (const given of [gives.cancel, gives.discard]) await settle(store, (await start(store)).lease, given)
      const dead = await start(store, { maxAttempts: 1 })
      advance(settings.leaseMs)
      await store.expire(10)
      advance(retentionMs + minute)
      expect(await store.prune(10)).toHaveLength(3)
      expect(await read(store, dead.lookup)).toEqual({ type: 'expired' })
    })

    test('at most the limit is pruned, the longest finished first', async () => {
      const { store, advance } = await harness.open()
      const refs = []
      for (let i = 0; i < 5; i++) {
        const { lease, lookup } = await start(store)
        await settle(store, lease, gives.ok)
        refs.push(lookup)
        advance(minute)
      }
      advance(retentionMs)
      const batches = [await store.prune(2), await store.prune(2), await store.prune(2), await store.prune(2)]
      expect(batches.map((batch) => batch.length)).toEqual([2, 2, 1, 0])
      expect(batches.flat()).toEqual(refs)
    })

    test('the id of a pruned job is never given to another', async () => {
      const { store, advance, lookup } = await finish(harness)
      const { assignment } = await start(store)
      await settle(store, leaseOf(assignment), gives.ok)
      advance(retentionMs + minute)
      expect(await store.prune(10)).toContainEqual(lookup)
      const { assignment: next } = await start(store)
      expect(Number(next.jobId)).toBeGreaterThan(Number(assignment.jobId))
    })
  })
}
