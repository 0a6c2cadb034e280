import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '#server/store/store.js'
import { aJob, claim, gives, type Harness, insert, read, start, tenant } from './harness.js'

/** A call that fails, fails alone and whole: guarantee 2. */
export function failing(harness: Harness): void {
  describe('failing', () => {
    const broken = (fields: object) => ({ ...aJob(), ...fields }) as ReturnType<typeof aJob>

    test.each([
      ['that no column takes', { args: { not: 'sealed' } }],
      ['that is missing', { args: undefined }],
      ['that cannot be sent', { args: () => 'code' }],
    ])('a value %s rejects its call, nothing of which stands, and its neighbours stand', async (_, fields) => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const before = aJob({ name: 'n1' })
      const beside = aJob({ name: 'n2' })
      const after = aJob({ name: 'n3' })
      const [first, second, third, fourth] = await Promise.allSettled([
        insert(store, [before]),
        insert(store, [beside, broken(fields)]),
        insert(store, [after]),
        store.settle([{ ...lease, outcome: gives.ok }], []),
      ])
      expect(first).toMatchObject({ status: 'fulfilled', value: [{ type: 'inserted' }] })
      expect(second).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) })
      expect(third).toMatchObject({ status: 'fulfilled', value: [{ type: 'inserted' }] })
      expect(fourth).toMatchObject({ status: 'fulfilled', value: { settled: [{ announcement: { state: 'completed' } }] } })
      const readings = await store.read([...[before, beside, after].map(({ ref }) => ({ tenant, ref })), lookup])
      expect(readings.map((each) => (each.type === 'known' ? each.job.state : each.type))).toEqual([
        'available',
        'not_found',
        'available',
        'completed',
      ])
    })

    test('the store is usable afterwards', async () => {
      const { store } = await harness.open()
      await expect(insert(store, [broken({ meta: undefined })])).rejects.toBeInstanceOf(StoreUnavailable)
      const job = aJob()
      await insert(store, [job])
      expect(await claim(store)).toHaveLength(1)
      expect(await read(store, { tenant, ref: job.ref })).toMatchObject({ type: 'known' })
    })
  })
}
