import { mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { aJob, claim, gives, type Harness, insert, leaseOf, only, read, readKnown, settle, start, tenant } from './harness.js'

/** A ref is its caller's idempotency key: guarantee 3. */
export function idempotency(harness: Harness): void {
  describe('idempotency', () => {
    test('the same ref with the same content is the same job', async () => {
      const { store } = await harness.open()
      const job = aJob({ meta: { a: 1, b: { c: 2, d: 3 } }, timeout: 5, tags: ['x'] })
      const first = only(await insert(store, [job]))
      const again = only(await insert(store, [{ ...job }]))
      expect(again).toEqual({ ...first, type: 'existing' })
      expect(await claim(store, { limit: 10 })).toHaveLength(1)
    })

    test('the order of keys, how it is awaited and how it is traced are no content', async () => {
      const { store } = await harness.open()
      const job = aJob({ meta: { a: 1, b: { c: 2, d: 3 } }, want: 'any', trace: '00-1-1-01' })
      const turned = Object.fromEntries(Object.entries({ ...job, meta: { b: { d: 3, c: 2 }, a: 1 } }).reverse()) as unknown as typeof job
      await insert(store, [job])
      expect(only(await insert(store, [{ ...turned, want: 'final', trace: '00-2-2-01' }]))).toMatchObject({ type: 'existing' })
    })

    test('an option that is undefined is as one that is absent', async () => {
      const { store } = await harness.open()
      const job = aJob()
      await insert(store, [job])
      expect(only(await insert(store, [{ ...job, timeout: undefined, scheduleIn: undefined, want: undefined }]))).toMatchObject({ type: 'existing' })
    })

    test.each([
      ['name', { name: 'triple' }],
      ['queue', { queue: 'other' }],
      ['priority', { priority: 3 }],
      ['maxAttempts', { maxAttempts: 3 }],
      ['timeout', { timeout: 1000 }],
      ['scheduleIn', { scheduleIn: 1 }],
      ['scheduledAt', { scheduledAt: 1 }],
      ['tags', { tags: ['urgent'] }],
      ['meta', { meta: { a: 1 } }],
      ['codec', { codec: 'x1' }],
      ['args', { args: '[{"int":1},22]' }],
    ])('the same ref with other %s is refused, and the stored job stays as it was', async (_, changed) => {
      const { store } = await harness.open()
      const job = aJob()
      const first = only(await insert(store, [job]))
      const second = only(await insert(store, [{ ...job, ...changed }]))
      expect(second).toMatchObject({ type: 'refused', refusal: { code: 'ref_conflict', message: expect.stringContaining(job.ref) } })
      expect(only(await insert(store, [job]))).toEqual({ ...first, type: 'existing' })
      expect(only(await claim(store, { limit: 10 })).args).toBe(job.args)
    })

    test('within one call a ref counts once', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const [first, same, other] = await insert(store, [job, { ...job }, { ...job, priority: 5 }])
      expect(first).toMatchObject({ type: 'inserted' })
      expect(same).toEqual({ ...first, type: 'existing' })
      expect(other).toMatchObject({ type: 'refused', refusal: { code: 'ref_conflict' } })
      expect(await claim(store, { limit: 10 })).toHaveLength(1)
    })

    test('a refused job never rolls back its neighbours', async () => {
      const { store } = await harness.open()
      const known = aJob()
      await insert(store, [known])
      const fresh = [aJob(), aJob()] as const
      const answers = await insert(store, [fresh[0], { ...known, priority: 9 }, fresh[1]])
      expect(answers.map(({ type }) => type)).toEqual(['inserted', 'refused', 'inserted'])
      for (const { ref } of fresh) expect(await read(store, { tenant, ref })).toMatchObject({ type: 'known' })
    })

    test('a resend tells where the job stands by now', async () => {
      const { store } = await harness.open()
      const job = aJob()
      await insert(store, [job])
      const assignment = only(await claim(store))
      expect(only(await insert(store, [job]))).toMatchObject({ type: 'existing', state: 'executing' })
      await settle(store, leaseOf(assignment), gives.ok)
      expect(only(await insert(store, [job]))).toMatchObject({ type: 'existing', state: 'completed', jobId: assignment.jobId })
      expect(await claim(store)).toEqual([])
    })

    test("another tenant's ref is as unknown as one that never was", async () => {
      const { store } = await harness.open()
      const { lookup } = await start(store)
      const stranger = { tenant: 'other', ref: lookup.ref }
      expect(await read(store, stranger)).toEqual({ type: 'not_found' })
      expect(await read(store, { tenant, ref: mintRef() })).toEqual({ type: 'not_found' })
      const own = only(await insert(store, [aJob({ ref: lookup.ref, name: 'else' })], 'other'))
      expect(own).toMatchObject({ type: 'inserted' })
      expect((await readKnown(store, lookup)).job.name).toBe('double')
    })
  })
}
