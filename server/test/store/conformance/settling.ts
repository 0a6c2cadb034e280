import type { AttemptOutcome } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import {
  aJob,
  aWish,
  claim,
  gives,
  type Harness,
  insert,
  leaseOf,
  leasesOf,
  minute,
  only,
  read,
  readKnown,
  settle,
  settlement,
  start,
  strangeLease,
} from './harness.js'

/** What one attempt gave: stored, numbered, announced. */
export function settling(harness: Harness): void {
  describe('settling', () => {
    test.each([
      ['completed', gives.ok],
      ['cancelled', gives.cancel],
      ['discarded', gives.discard],
    ] as const)('a job can end as %s', async (state, given) => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const settled = await settle(store, lease, given)
      const { job, latest } = await readKnown(store, lookup)
      expect(job.state).toBe(state)
      expect(latest).toMatchObject({ ...given, number: 1, attempt: 1, final: true })
      expect(settled).toMatchObject({ announcement: { state, dueAt: null, outcome: latest } })
      expect(await claim(store)).toEqual([])
    })

    const everyHeader: AttemptOutcome = {
      type: 'error',
      code: 'exception',
      message: 'Nö 🏁 NUL\u0000 \uE000',
      name: 'TypeError',
      codec: 'x9',
      value: '["v"]',
      trace: '[{"stack":1},"at …"]',
      backoff: 60,
    }

    test('an error keeps every header, and says when it is tried again', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const settled = await settle(store, lease, everyHeader)
      const { job, latest } = await readKnown(store, lookup)
      const { backoff, ...kept } = everyHeader
      expect(latest).toEqual({
        ...kept,
        number: 1,
        attempt: 1,
        final: false,
        at: latest?.at,
        state: 'retryable',
        retryAt: (latest?.at ?? 0) + 60_000,
      })
      expect(job).toMatchObject({ state: 'retryable', attempt: 1, dueAt: (latest?.at ?? 0) + 60_000 })
      expect(settled).toMatchObject({ announcement: { dueAt: job.dueAt, outcome: latest } })
    })

    test('a header that is absent stays absent', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await settle(store, lease, { type: 'error', code: 'job_timeout', message: 'Too slow.', codec: 'd6' })
      const { latest } = await readKnown(store, lookup)
      for (const key of ['name', 'value', 'trace', 'backoff']) expect(latest).not.toHaveProperty(key)
    })

    test('an announcement tells what the store knows of the attempt', async () => {
      const { store, advance } = await harness.open()
      const job = aJob({ queue: 'q', name: 'n' })
      await insert(store, [job])
      advance(minute)
      await store.release(leasesOf(await store.claim([aWish({ queue: 'q', names: ['n'] })])))
      const assignment = only(await claim(store, { queue: 'q', names: ['n'] }))
      advance(minute)
      const settled = await settle(store, leaseOf(assignment), gives.ok)
      if (settled.type !== 'settled' || !settled.announcement) throw new Error('expected an announcement')
      const { announcement } = settled
      expect(announcement).toMatchObject({ tenant: 'acme', refs: [job.ref], queue: 'q', name: 'n', jobId: assignment.jobId, attempt: 1, run: 2 })
      const ran = announcement.outcome.at - announcement.claimedAt
      expect(ran).toBeGreaterThanOrEqual(minute)
      expect(ran).toBeLessThan(2 * minute)
    })

    test('entries are settled one by one: a stale one never rolls back its neighbours', async () => {
      const { store } = await harness.open()
      const { lease: first } = await start(store)
      const { lease: second } = await start(store)
      const { settled } = await store.settle([settlement(first, gives.ok), settlement(strangeLease, gives.ok), settlement(second, gives.cancel)], [])
      expect(settled).toMatchObject([
        { type: 'settled', announcement: { state: 'completed' } },
        { type: 'stale' },
        { type: 'settled', announcement: { state: 'cancelled' } },
      ])
    })

    test('a job that was never claimed cannot be settled', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const inserted = only(await insert(store, [job]))
      const jobId = 'jobId' in inserted ? inserted.jobId : ''
      for (const lease of ['', 'null', '0'.repeat(32)]) expect(await settle(store, { jobId, lease }, gives.ok)).toEqual({ type: 'stale' })
      expect(await read(store, { tenant: 'acme', ref: job.ref })).toMatchObject({ type: 'known', job: { state: 'available' }, latest: null })
    })

    test('a result of many megabytes comes back whole', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const value = `["${'0123456789abcdef'.repeat(1024 * 1024)}"]`
      await settle(store, lease, { ...gives.ok, value })
      const { latest } = await readKnown(store, lookup)
      expect(latest?.type === 'ok' && latest.value === value).toBe(true)
    })
  })
}
