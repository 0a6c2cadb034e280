import type { JobRequest } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { ClaimRequest, Store } from '#server/store/store.js'
import { aJob, aUniqueJob, aWish, gives, type Harness, insert, minute, only, readKnown, settle, tenant } from './harness.js'

/** Stores jobs together with claims, and gives the args of those claimed, by worker. */
async function insertAlong(store: Store, jobs: readonly JobRequest[], wishes: readonly ClaimRequest[], unit?: number) {
  const { inserted, claimed } = await store.insert(
    jobs.map((job) => ({ tenant, job, ...(unit !== undefined && { unit }) })),
    wishes,
  )
  return { inserted, claimed, given: claimed.map(({ worker, assignment }) => `${worker} ${assignment.args}`).sort() }
}

const numbered = (count: number, fields: Partial<JobRequest> = {}) => Array.from({ length: count }, (_, i) => aJob({ args: String(i), ...fields }))

/** Jobs that are claimed in the very call that stores them. */
export function claimingAlong(harness: Harness): void {
  describe('claiming along with inserting', () => {
    test('new jobs run at once where there is a slot for each', async () => {
      const { store } = await harness.open()
      const meta = { a: 1 }
      const jobs = numbered(2, { meta, timeout: 500, trace: '00-abc-def-01', maxAttempts: 3 })
      const { inserted, claimed } = await insertAlong(store, jobs, [aWish({ limit: 5 })])
      expect(inserted).toMatchObject([
        { type: 'inserted', state: 'available' },
        { type: 'inserted', state: 'available' },
      ])
      const first = claimed.find(({ assignment }) => assignment.args === '0')
      expect(first).toMatchObject({ worker: 'w1', run: 1 })
      expect(first?.assignment).toEqual({
        jobId: expect.any(String),
        lease: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: 'double',
        queue: 'default',
        attempt: 1,
        maxAttempts: 3,
        timeout: 500,
        scheduledAt: expect.any(Number),
        meta,
        codec: jobs[0]?.codec,
        args: '0',
        trace: '00-abc-def-01',
      })
      expect(new Set(claimed.map(({ assignment }) => assignment.lease)).size).toBe(2)
      const { job } = await readKnown(store, { tenant, ref: jobs[0]?.ref as string })
      expect(job).toMatchObject({ state: 'executing', attempt: 1 })
      expect(await settle(store, (first as (typeof claimed)[number]).assignment, gives.ok)).toMatchObject({
        type: 'settled',
        announcement: { state: 'completed', run: 1 },
      })
      expect(await store.claim([aWish({ limit: 9 })])).toHaveLength(0)
    })

    test('a lease that was given so can run out', async () => {
      const { store, advance } = await harness.open()
      await insertAlong(store, numbered(1), [aWish()])
      advance(11 * minute)
      expect(await store.expire(10)).toMatchObject([{ announcement: { state: 'available', attempt: 1 } }])
    })

    test('a job that waits already comes first', async () => {
      const { store } = await harness.open()
      await insert(store, [aJob({ args: 'old' })])
      expect((await insertAlong(store, numbered(1), [aWish()])).given).toEqual(['w1 old'])
      expect(only(await store.claim([aWish()])).assignment.args).toBe('0')
    })

    test('of more jobs than slots, those of the first priority', async () => {
      const { store } = await harness.open()
      const jobs = [aJob({ args: 'a', priority: 5 }), aJob({ args: 'b', priority: 0 }), aJob({ args: 'c', priority: 3 })]
      expect((await insertAlong(store, jobs, [aWish({ limit: 2 })])).given).toEqual(['w1 b', 'w1 c'])
    })

    test('one that is not due yet is not claimed, and takes no slot', async () => {
      const { store } = await harness.open()
      const jobs = [aJob({ args: 'later', scheduleIn: 60 }), aJob({ args: 'now' })]
      expect((await insertAlong(store, jobs, [aWish()])).given).toEqual(['w1 now'])
    })

    test('a limit across workers holds over the names of a queue', async () => {
      const { store } = await harness.open()
      await store.setQueues([{ queue: 'default', limit: 3 }])
      const wishes = [aWish({ limit: 5 }), aWish({ names: ['other'], limit: 5 })]
      const { claimed } = await insertAlong(store, [...numbered(2), ...numbered(2, { name: 'other' })], wishes)
      expect(claimed).toHaveLength(3)
    })

    test('jobs that are stored together are claimed when they stand, and not when they do not', async () => {
      const { store } = await harness.open()
      const taken = aJob()
      await insert(store, [taken])
      await store.claim([aWish()])
      const fallen = await insertAlong(store, [...numbered(2), { ...taken, args: 'other' }], [aWish({ limit: 5 })], 1)
      expect(fallen.claimed).toEqual([])
      expect(fallen.inserted.map(({ type }) => type)).toEqual(['refused', 'refused', 'refused'])
      expect((await insertAlong(store, numbered(2), [aWish({ limit: 5 })], 1)).given).toEqual(['w1 0', 'w1 1'])
    })

    test('a job that is sent twice in one call is claimed once, and so is one of two that are unique', async () => {
      const { store } = await harness.open()
      const job = aJob({ args: 'once' })
      expect((await insertAlong(store, [job, job], [aWish({ limit: 5 })])).given).toEqual(['w1 once'])
      const twins = [aUniqueJob({}, { args: 'first' }), aUniqueJob({}, { args: 'first' })]
      const { inserted, given } = await insertAlong(store, twins, [aWish({ limit: 5 })])
      expect(given).toEqual(['w1 first'])
      expect(inserted).toMatchObject([{ conflict: false }, { conflict: true }])
    })

    test('each worker gets jobs of its own queue and name, however alike the lanes are written', async () => {
      const { store } = await harness.open()
      const lanes = [
        { queue: 'a\nb', name: 'c' },
        { queue: 'a', name: 'b\nc' },
      ]
      const jobs = lanes.map((lane, i) => aJob({ ...lane, args: String(i) }))
      const wishes = lanes.map(({ queue, name }, i) => aWish({ worker: `w${i}`, queue, names: [name], limit: 5 }))
      expect((await insertAlong(store, jobs, wishes)).given).toEqual(['w0 0', 'w1 1'])
    })

    test('several workers share them, each within its slots', async () => {
      const { store } = await harness.open()
      const wishes = [aWish({ worker: 'w1', limit: 1 }), aWish({ worker: 'w2', limit: 2 })]
      const { claimed } = await insertAlong(store, numbered(3), wishes)
      expect(claimed.map(({ worker }) => worker).sort()).toEqual(['w1', 'w2', 'w2'])
    })
  })
}
