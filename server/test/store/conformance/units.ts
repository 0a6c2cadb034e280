import type { JobRequest } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { aJob, aWish, claim, type Harness, insert, only, read, tenant } from './harness.js'

/** Insertions that stand or fall together. */
export function units(harness: Harness): void {
  describe('units', () => {
    const of = (unit: number | undefined, job: JobRequest) => ({ tenant, job, unit })

    test('a unit without a refusal is stored whole', async () => {
      const { store } = await harness.open()
      const { inserted } = await store.insert([of(1, aJob()), of(1, aJob()), of(2, aJob())], [])
      expect(inserted.map(({ type }) => type)).toEqual(['inserted', 'inserted', 'inserted'])
      expect(await claim(store, { limit: 10 })).toHaveLength(3)
    })

    test.each([0, 1, 2])('one refused, at place %i, and none of its unit is stored', async (place) => {
      const { store } = await harness.open()
      const known = aJob()
      await insert(store, [known])
      const jobs = [aJob(), aJob(), aJob()]
      jobs[place] = { ...known, priority: 4 }
      const { inserted } = await store.insert(
        jobs.map((job) => of(7, job)),
        [],
      )
      for (const [i, { ref }] of jobs.entries()) {
        const message = expect.stringMatching(i === place ? /^The ref/ : /^Another job of the same call was refused: The ref/)
        const code = i === place ? 'ref_conflict' : 'invalid_job'
        expect(inserted[i]).toEqual({ type: 'refused', refusal: { code, message } })
        if (i !== place) expect(await read(store, { tenant, ref })).toEqual({ type: 'not_found' })
      }
    })

    test('a unit that falls takes neither its neighbours nor other units along', async () => {
      const { store } = await harness.open()
      const known = aJob()
      await insert(store, [known])
      const insertions = [of(undefined, aJob()), of(1, aJob()), of(2, aJob()), of(1, { ...known, priority: 4 }), of(undefined, aJob()), of(2, aJob())]
      const { inserted } = await store.insert(insertions, [])
      expect(inserted.map(({ type }) => type)).toEqual(['inserted', 'refused', 'inserted', 'refused', 'inserted', 'inserted'])
    })

    test('a ref of a unit that fell is free for others of the same call', async () => {
      const { store } = await harness.open()
      const known = aJob()
      await insert(store, [known])
      const shared = aJob()
      const { inserted } = await store.insert([of(1, shared), of(1, { ...known, priority: 4 }), of(undefined, { ...shared, priority: 9 })], [])
      expect(inserted.map(({ type }) => type)).toEqual(['refused', 'refused', 'inserted'])
    })

    test('a unit that conflicts within itself is refused', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const { inserted } = await store.insert([of(1, job), of(1, { ...job, priority: 4 })], [])
      expect(inserted.map(({ type }) => type)).toEqual(['refused', 'refused'])
      expect(await read(store, { tenant, ref: job.ref })).toEqual({ type: 'not_found' })
    })

    test('a resent unit is there already, whole', async () => {
      const { store } = await harness.open()
      const insertions = [of(1, aJob()), of(1, aJob())]
      const { inserted } = await store.insert(insertions, [])
      const again = await store.insert(insertions, [])
      expect(again.inserted).toEqual(inserted.map((each) => ({ ...each, type: 'existing' })))
    })

    test('claims made along get nothing of a unit that fell', async () => {
      const { store } = await harness.open()
      const known = aJob()
      await insert(store, [known])
      only(await claim(store))
      const { claimed } = await store.insert([of(1, aJob()), of(1, { ...known, priority: 4 })], [aWish({ limit: 5 })])
      expect(claimed).toEqual([])
    })
  })
}
