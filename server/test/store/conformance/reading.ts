import { mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { aJob, claim, gives, type Harness, insert, leaseOf, only, settle, start, tenant } from './harness.js'

/** Where refs stand. */
export function reading(harness: Harness): void {
  describe('reading', () => {
    test('answers come in the order of the lookups, repeated ones too', async () => {
      const { store } = await harness.open()
      const jobs = [aJob({ name: 'a' }), aJob({ name: 'b' })] as const
      await insert(store, jobs)
      const lookups = [jobs[1].ref, mintRef(), jobs[0].ref, jobs[1].ref].map((ref) => ({ tenant, ref }))
      const readings = await store.read(lookups)
      expect(readings.map((each) => (each.type === 'known' ? each.job.name : each.type))).toEqual(['b', 'not_found', 'a', 'b'])
      expect(await store.read([])).toEqual([])
    })

    test('the latest outcome is read while the next attempt waits and runs', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      await settle(store, lease, { ...gives.failed, backoff: 1 })
      const latest = { type: 'error', code: 'failed', number: 1 }
      expect(await store.read([lookup])).toMatchObject([{ job: { state: 'retryable', attempt: 1 }, latest }])
      advance(1_000)
      await store.stage(10)
      expect(await store.read([lookup])).toMatchObject([{ job: { state: 'available', attempt: 1 }, latest }])
      const second = only(await claim(store))
      expect(await store.read([lookup])).toMatchObject([{ job: { state: 'executing', attempt: 2 }, latest }])
      await settle(store, leaseOf(second), gives.ok)
      expect(await store.read([lookup])).toMatchObject([{ job: { state: 'completed', attempt: 2 }, latest: { type: 'ok', number: 2 } }])
    })

    test('the same outcome is the same to every reader, and to whom it was announced', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const settled = await settle(store, lease, { ...gives.failed, name: 'E', trace: '[1]' })
      const announced = settled.type === 'settled' ? settled.announcement?.outcome : undefined
      const readings = await store.read([lookup, lookup])
      for (const each of readings) expect(each.type === 'known' && each.latest).toEqual(announced)
    })

    test('what was asked before in the same turn is seen', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const [, before, claimed, after] = await Promise.all([
        insert(store, [job]),
        store.read([{ tenant, ref: job.ref }]),
        claim(store),
        store.read([{ tenant, ref: job.ref }]),
      ])
      expect(claimed).toHaveLength(1)
      expect(before).toMatchObject([{ job: { state: 'available' } }])
      expect(after).toMatchObject([{ job: { state: 'executing' } }])
    })
  })
}
