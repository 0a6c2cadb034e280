import { type JobRequest, jobStates } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import {
  aJob,
  aUniqueJob,
  cancel,
  claim,
  gives,
  type Harness,
  insert,
  leaseOf,
  minute,
  only,
  read,
  readKnown,
  settings,
  settle,
  tenant,
} from './harness.js'

const of = ({ ref }: JobRequest) => ({ tenant, ref })

/** Jobs of which there is one at a time. */
export function uniqueness(harness: Harness): void {
  describe('unique jobs', () => {
    test('a job whose key is taken is not stored: its ref becomes an alias of the job that took it', async () => {
      const { store } = await harness.open()
      const first = aUniqueJob()
      const second = aUniqueJob({}, { args: '["other"]', priority: 3 })
      const taken = only(await insert(store, [first]))
      expect(taken).toMatchObject({ type: 'inserted', conflict: false })
      expect(only(await insert(store, [second]))).toEqual({ ...taken, type: 'existing', conflict: true })
      expect(await read(store, of(second))).toEqual(await read(store, of(first)))
      expect(await claim(store, { limit: 9 })).toHaveLength(1)
    })

    test('of two in one call, the second becomes an alias of the first', async () => {
      const { store } = await harness.open()
      const [first, second, third] = await insert(store, [aUniqueJob(), aUniqueJob(), aUniqueJob({ key: 'other' })])
      expect(second).toEqual({ ...first, type: 'existing', conflict: true })
      expect(third).toMatchObject({ type: 'inserted', conflict: false })
    })

    test('of many at once from different calls, one is stored', async () => {
      const { store } = await harness.open()
      const all = await Promise.all(Array.from({ length: 50 }, () => insert(store, [aUniqueJob()])))
      const inserted = all.flat()
      expect(inserted.filter(({ type }) => type === 'inserted')).toHaveLength(1)
      expect(new Set(inserted.map((each) => 'jobId' in each && each.jobId)).size).toBe(1)
      expect(await claim(store, { limit: 99 })).toHaveLength(1)
    })

    test.each(jobStates)('the key is taken while its job is in a state that the submit names: %s', async (state) => {
      const { store } = await harness.open()
      const first = aUniqueJob({}, state === 'scheduled' ? { scheduleIn: 60 } : {})
      await insert(store, [first])
      const runs = !['scheduled', 'available'].includes(state)
      const lease = runs ? leaseOf(only(await claim(store))) : undefined
      const ends = { completed: gives.ok, cancelled: gives.cancel, discarded: gives.discard, retryable: gives.failed } as const
      if (lease && state in ends) await settle(store, lease, ends[state as keyof typeof ends])
      expect((await readKnown(store, of(first))).job.state).toBe(state)
      const others = jobStates.filter((each) => each !== state)
      expect(only(await insert(store, [aUniqueJob({ states: [state] })]))).toMatchObject({ type: 'existing', conflict: true, state })
      expect(only(await insert(store, [aUniqueJob({ states: others })]))).toMatchObject({ type: 'inserted', conflict: false })
    })

    test('the job that takes a key over holds it from then on', async () => {
      const { store } = await harness.open()
      const first = aUniqueJob()
      await insert(store, [first])
      await cancel(store, of(first))
      const second = only(await insert(store, [aUniqueJob()]))
      const third = only(await insert(store, [aUniqueJob()]))
      expect(third).toEqual({ ...second, type: 'existing', conflict: true })
    })

    test('the key is free again when its period is over', async () => {
      const { store, advance } = await harness.open()
      await insert(store, [aUniqueJob({ period: 300 })])
      advance(4 * minute)
      expect(only(await insert(store, [aUniqueJob({ period: 300 })]))).toMatchObject({ conflict: true })
      advance(minute)
      expect(only(await insert(store, [aUniqueJob({ period: 300 })]))).toMatchObject({ type: 'inserted' })
      advance(4 * minute)
      expect(only(await insert(store, [aUniqueJob({ period: 300 })]))).toMatchObject({ conflict: true })
    })

    test('an alias does not lengthen the period', async () => {
      const { store, advance } = await harness.open()
      for (const type of ['inserted', 'existing', 'existing', 'inserted']) {
        expect(only(await insert(store, [aUniqueJob({ period: 300 })]))).toMatchObject({ type })
        advance(2 * minute)
      }
    })

    test('without a period the key is taken for as long as its job is there', async () => {
      const { store, advance } = await harness.open()
      const states = [...jobStates]
      const first = aUniqueJob({ states })
      await insert(store, [first])
      advance(10_000 * minute)
      expect(only(await insert(store, [aUniqueJob({ states })]))).toMatchObject({ conflict: true })
      await cancel(store, of(first))
      advance(settings.retentionMs + minute)
      expect(await store.prune(10)).toHaveLength(2)
      expect(only(await insert(store, [aUniqueJob({ states })]))).toMatchObject({ type: 'inserted' })
    })

    test('pruning a job that lost its key leaves the key to its new holder', async () => {
      const { store, advance } = await harness.open()
      const first = aUniqueJob()
      await insert(store, [first])
      await cancel(store, of(first))
      const second = only(await insert(store, [aUniqueJob()]))
      advance(settings.retentionMs + minute)
      expect(await store.prune(10)).toEqual([of(first)])
      expect(only(await insert(store, [aUniqueJob()]))).toEqual({ ...second, type: 'existing', conflict: true })
    })

    test('a key is of its tenant alone', async () => {
      const { store } = await harness.open()
      await insert(store, [aUniqueJob()])
      expect(only(await insert(store, [aUniqueJob()], 'other'))).toMatchObject({ type: 'inserted' })
    })

    test('a job without a key neither takes one nor minds one', async () => {
      const { store } = await harness.open()
      const inserted = await insert(store, [aJob(), aUniqueJob(), aJob()])
      expect(inserted.map(({ type }) => type)).toEqual(['inserted', 'inserted', 'inserted'])
    })

    test('a claim made along gets the one job', async () => {
      const { store } = await harness.open()
      const insertions = [aUniqueJob(), aUniqueJob()].map((job) => ({ tenant, job }))
      const { inserted, claimed } = await store.insert(insertions, [{ worker: 'w1', queue: 'default', names: ['double'], limit: 5 }])
      expect(inserted.map(({ type }) => type)).toEqual(['inserted', 'existing'])
      expect(claimed).toHaveLength(1)
    })

    describe('within a unit', () => {
      test('an alias is rolled back with it, and so is a key', async () => {
        const { store } = await harness.open()
        const known = aJob()
        const holder = aUniqueJob()
        await insert(store, [known, holder])
        const alias = aUniqueJob()
        const owner = aUniqueJob({ key: 'fresh' })
        const members = [alias, owner, { ...known, priority: 4 }]
        const { inserted } = await store.insert(
          members.map((job) => ({ tenant, job, unit: 1 })),
          [],
        )
        expect(inserted.map(({ type }) => type)).toEqual(['refused', 'refused', 'refused'])
        for (const job of [alias, owner]) expect(await read(store, of(job))).toEqual({ type: 'not_found' })
        expect(only(await insert(store, [aUniqueJob({ key: 'fresh' })]))).toMatchObject({ type: 'inserted' })
      })

      test('a key that was taken over goes back to the job that had it', async () => {
        const { store } = await harness.open()
        const known = aJob()
        const ended = aUniqueJob()
        await insert(store, [known, ended])
        await cancel(store, of(ended))
        const members = [aUniqueJob(), { ...known, priority: 4 }]
        await store.insert(
          members.map((job) => ({ tenant, job, unit: 1 })),
          [],
        )
        expect(only(await insert(store, [aUniqueJob({ states: ['cancelled'] })]))).toMatchObject({ conflict: true, state: 'cancelled' })
      })

      test('a conflict is no refusal: the unit stands', async () => {
        const { store } = await harness.open()
        const jobs = [aUniqueJob(), aUniqueJob(), aJob()]
        const { inserted } = await store.insert(
          jobs.map((job) => ({ tenant, job, unit: 1 })),
          [],
        )
        expect(inserted.map(({ type }) => type)).toEqual(['inserted', 'existing', 'inserted'])
      })
    })

    test('a reopened job does not take its key back', async () => {
      const { store } = await harness.open()
      const first = aUniqueJob()
      await insert(store, [first])
      await cancel(store, of(first))
      const second = only(await insert(store, [aUniqueJob()]))
      await store.retry([of(first)])
      expect(only(await insert(store, [aUniqueJob()]))).toEqual({ ...second, type: 'existing', conflict: true })
    })

    test('a reopened job that still has its key keeps others away again', async () => {
      const { store } = await harness.open()
      const first = aUniqueJob()
      await insert(store, [first])
      await cancel(store, of(first))
      await store.retry([of(first)])
      expect(only(await insert(store, [aUniqueJob()]))).toMatchObject({ conflict: true, state: 'available' })
    })
  })
}
