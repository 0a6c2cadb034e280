import { describe, expect, test } from 'vitest'
import { aJob, aUniqueJob, cancel, claim, gives, type Harness, insert, leaseOf, minute, only, settings, settle, start, tenant } from './harness.js'

const patience = 3 * minute

/** Jobs that are cancelled once nobody waits for them. */
export function attending(harness: Harness): void {
  describe('attending', () => {
    test('a job that asked for it is abandoned once nobody has been attached for the patience', async () => {
      const { store, advance } = await harness.open()
      const asked = aJob({ cancelOnDisconnect: true })
      await insert(store, [aJob(), asked])
      advance(patience - minute)
      expect(await store.abandoned(patience, 10)).toEqual([])
      advance(minute)
      expect(await store.abandoned(patience, 10)).toEqual([{ tenant, ref: asked.ref }])
    })

    test('the patience begins anew each time somebody is attached, to its own ref or an alias', async () => {
      const { store, advance } = await harness.open()
      const asked = aUniqueJob({}, { cancelOnDisconnect: true })
      const alias = aUniqueJob()
      await insert(store, [asked, alias])
      for (const { ref } of [asked, alias, asked]) {
        advance(patience - minute)
        expect(await store.attend([{ tenant, ref }])).toEqual([true])
        expect(await store.abandoned(patience, 10)).toEqual([])
      }
      advance(patience)
      expect(await store.abandoned(patience, 10)).toEqual([{ tenant, ref: asked.ref }])
    })

    test('through every state until the job ends, however it ends', async () => {
      const { store, advance } = await harness.open()
      const job = aJob({ cancelOnDisconnect: true, scheduleIn: 60, maxAttempts: 2 })
      await insert(store, [job])
      const abandoned = async () => (await store.abandoned(0, 10)).length
      expect(await abandoned()).toBe(1)
      advance(minute)
      await store.stage(10)
      expect(await abandoned()).toBe(1)
      await settle(store, leaseOf(only(await claim(store))), gives.failed)
      expect(await abandoned()).toBe(1)
      advance(minute)
      await store.stage(10)
      await claim(store)
      advance(settings.leaseMs)
      await store.expire(10)
      expect(await abandoned()).toBe(0)
      expect(await store.attend([{ tenant, ref: job.ref }])).toEqual([false])
    })

    test('a cancelled one is not abandoned, nor one that an operator has reopened', async () => {
      const { store } = await harness.open()
      const lookup = { tenant, ref: aJob().ref }
      await insert(store, [aJob({ cancelOnDisconnect: true, ref: lookup.ref })])
      await cancel(store, lookup)
      expect(await store.abandoned(0, 10)).toEqual([])
      await store.retry([lookup])
      expect(await store.attend([lookup])).toEqual([false])
      expect(await store.abandoned(0, 10)).toEqual([])
    })

    test('an alias that asks for it does not ask for the job it leads to', async () => {
      const { store } = await harness.open()
      const alias = aUniqueJob({}, { cancelOnDisconnect: true })
      await insert(store, [aUniqueJob(), alias])
      expect(await store.attend([{ tenant, ref: alias.ref }])).toEqual([false])
      expect(await store.abandoned(0, 10)).toEqual([])
    })

    test('a ref that is not known may yet lead to a job; one whose job did not ask, or was deleted, does not', async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store, { cancelOnDisconnect: true })
      await settle(store, lease, gives.ok)
      advance(2 * settings.retentionMs)
      await store.prune(10)
      const plain = aJob()
      await insert(store, [plain])
      const answers = await store.attend([lookup, { tenant, ref: plain.ref }, { tenant, ref: aJob().ref }, { tenant: 'other', ref: plain.ref }])
      expect(answers).toEqual([false, false, true, true])
    })

    test('the longest abandoned come first, at most the limit', async () => {
      const { store, advance } = await harness.open()
      const jobs = Array.from({ length: 4 }, () => aJob({ cancelOnDisconnect: true }))
      for (const job of jobs) {
        await insert(store, [job])
        advance(minute)
      }
      await store.attend([{ tenant, ref: jobs[0]?.ref ?? '' }])
      const order = [1, 2, 3, 0].map((i) => ({ tenant, ref: jobs[i]?.ref }))
      expect(await store.abandoned(0, 10)).toEqual(order)
      expect(await store.abandoned(0, 2)).toEqual(order.slice(0, 2))
    })
  })
}
