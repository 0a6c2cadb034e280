import { describe, expect, test } from 'vitest'
import { claim, type Harness, minute, only, readKnown, requestCancel, settings, start } from './harness.js'

const { cancelGraceMs, leaseMs } = settings

/** Jobs whose worker died come back. */
export function expiry(harness: Harness): void {
  describe('expiry', () => {
    test('a job whose lease has ended is taken as crashed, and is available at once the first time', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store, { codec: 'x9' })
      advance(leaseMs)
      const expired = only(await store.expire(10))
      const { job, latest } = await readKnown(store, lookup)
      expect(job).toMatchObject({ state: 'available', attempt: 1 })
      expect(latest).toMatchObject({ type: 'error', code: 'crashed', codec: 'x9', number: 1, attempt: 1, final: false, state: 'retryable' })
      expect(expired).toMatchObject({ lease, announcement: { refs: [lookup.ref], state: 'available', dueAt: job.dueAt, outcome: latest } })
      expect(only(await claim(store)).attempt).toBe(2)
    })

    test('a lease that has not ended is left alone', async () => {
      const { store, advance } = await harness.open()
      await start(store)
      advance(leaseMs - minute)
      expect(await store.expire(10)).toEqual([])
    })

    test('the second time it waits for its backoff', async () => {
      const { store, advance } = await harness.open()
      const { lookup } = await start(store)
      advance(leaseMs)
      await store.expire(10)
      await claim(store)
      advance(leaseMs)
      await store.expire(10)
      const { job, latest } = await readKnown(store, lookup)
      expect(job.state).toBe('retryable')
      expect(job.dueAt - (latest?.at ?? 0)).toBeGreaterThanOrEqual(19_000)
      expect(await claim(store)).toEqual([])
    })

    test('a poison job stops at its last attempt', async () => {
      const { store, advance } = await harness.open()
      const { lookup } = await start(store, { maxAttempts: 3 })
      for (let attempt = 1; attempt <= 3; attempt++) {
        advance(leaseMs)
        expect(only(await store.expire(10)).announcement.state).toBe(['available', 'retryable', 'discarded'][attempt - 1])
        advance(31 * 24 * 60 * minute)
        await store.stage(10)
        await claim(store)
      }
      expect(await readKnown(store, lookup)).toMatchObject({
        job: { state: 'discarded', attempt: 3 },
        latest: { number: 3, final: true, state: 'discarded' },
      })
      advance(leaseMs)
      expect(await store.expire(10)).toEqual([])
    })

    test('at most the limit is taken, the longest ended first', async () => {
      const { store, advance } = await harness.open()
      const leases = []
      for (let i = 0; i < 5; i++) {
        leases.push((await start(store)).lease)
        advance(minute)
      }
      advance(leaseMs)
      const taken = [...(await store.expire(3)), ...(await store.expire(3)), ...(await store.expire(3))]
      expect(taken.map(({ lease }) => lease)).toEqual(leases)
    })

    test('young ones alone can be taken: those claimed since', async () => {
      const { store, advance } = await harness.open()
      const old = await start(store)
      advance(leaseMs)
      const young = await start(store)
      await store.shorten([young.lease], minute, 'w1')
      advance(2 * minute)
      expect((await store.expire(10, 5 * minute)).map(({ lease }) => lease)).toEqual([young.lease])
      expect((await store.expire(10)).map(({ lease }) => lease)).toEqual([old.lease])
    })

    test('and those that were asked to stop since', async () => {
      const { store, advance } = await harness.open()
      const [old, young] = [await start(store), await start(store)]
      await requestCancel(store, old.lookup)
      advance(2 * cancelGraceMs)
      await requestCancel(store, young.lookup)
      advance(cancelGraceMs)
      expect((await store.expire(10, cancelGraceMs + minute)).map(({ lease }) => lease)).toEqual([young.lease])
      expect((await store.expire(10)).map(({ lease }) => lease)).toEqual([old.lease])
    })
  })
}
