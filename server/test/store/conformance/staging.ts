import { describe, expect, test } from 'vitest'
import { aJob, claim, gives, type Harness, insert, minute, only, settle, start } from './harness.js'

/** Scheduled and retryable jobs come due. */
export function staging(harness: Harness): void {
  describe('staging', () => {
    test('a scheduled job is available once it is due, and no sooner', async () => {
      const { store, advance } = await harness.open()
      const job = aJob({ scheduleIn: 600, queue: 'q', name: 'n' })
      const inserted = only(await insert(store, [job]))
      const dueAt = 'dueAt' in inserted && inserted.dueAt
      advance(9 * minute)
      expect(await store.stage(10)).toEqual({ staged: [], nextDueAt: dueAt })
      advance(minute)
      const jobId = 'jobId' in inserted && inserted.jobId
      expect(await store.stage(10)).toEqual({ staged: [{ jobId, queue: 'q', name: 'n', attempt: 0, run: 0 }], nextDueAt: null })
      expect(await store.stage(10)).toEqual({ staged: [], nextDueAt: null })
      expect(only(await claim(store, { queue: 'q', names: ['n'] })).scheduledAt).toBe(dueAt)
    })

    test('a retryable job is available once its backoff is over', async () => {
      const { store, advance } = await harness.open()
      const { lease } = await start(store)
      const settled = await settle(store, lease, { ...gives.failed, backoff: 60 })
      const retryAt = settled.type === 'settled' ? settled.announcement?.dueAt : undefined
      expect((await store.stage(10)).nextDueAt).toBe(retryAt)
      advance(minute)
      expect((await store.stage(10)).staged).toHaveLength(1)
      expect(only(await claim(store)).attempt).toBe(2)
    })

    test('at most the limit is staged, the earliest first, and the next due time tells of the rest', async () => {
      const { store, advance } = await harness.open()
      const jobs = [50, 10, 40, 20, 30].map((scheduleIn) => aJob({ scheduleIn, args: String(scheduleIn) }))
      await insert(store, jobs)
      advance(minute)
      const first = await store.stage(2)
      expect(first.staged).toHaveLength(2)
      expect((await claim(store, { limit: 9 })).map(({ args }) => args)).toEqual(['10', '20'])
      const second = await store.stage(2)
      expect(second.nextDueAt).toBeGreaterThan(first.nextDueAt ?? Number.POSITIVE_INFINITY)
      expect((await store.stage(2)).staged).toHaveLength(1)
      expect((await claim(store, { limit: 9 })).map(({ args }) => args)).toEqual(['30', '40', '50'])
    })

    test('a staged job takes its place by its due time', async () => {
      const { store, advance } = await harness.open()
      await insert(store, [aJob({ scheduleIn: 30, args: 'sooner' })])
      advance(minute)
      await insert(store, [aJob({ args: 'later' })])
      await store.stage(10)
      expect((await claim(store, { limit: 2 })).map(({ args }) => args)).toEqual(['sooner', 'later'])
    })

    test('what is available, runs or has ended is not staged', async () => {
      const { store, advance } = await harness.open()
      const { lease } = await start(store)
      await settle(store, lease, gives.ok)
      await start(store)
      await insert(store, [aJob()])
      advance(100 * minute)
      expect(await store.stage(10)).toEqual({ staged: [], nextDueAt: null })
    })
  })
}
