import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import { claim, gives, type Harness, leaseOf, minute, only, readKnown, settle, start } from './harness.js'

/** Failures, snoozes, and the numbers they leave. */
export function retries(harness: Harness): void {
  describe('retries and snoozes', () => {
    /** Lets the job come due, and claims it. */
    async function again(store: Store, advance: (ms: number) => void) {
      advance(31 * 24 * 60 * minute)
      expect((await store.stage(10)).staged).toHaveLength(1)
      return only(await claim(store))
    }

    test('a failed attempt is tried again, and counts', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      await settle(store, lease, gives.failed)
      expect(await claim(store)).toEqual([])
      const second = await again(store, advance)
      expect(second).toMatchObject({ attempt: 2 })
      expect(await settle(store, leaseOf(second), gives.ok)).toMatchObject({ announcement: { outcome: { number: 2, attempt: 2, final: true } } })
      expect((await readKnown(store, lookup)).latest).toMatchObject({ type: 'ok', number: 2 })
    })

    test('the default backoff decides when, where the outcome does not', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await settle(store, lease, gives.failed)
      const { job, latest } = await readKnown(store, lookup)
      const wait = job.dueAt - (latest?.at ?? 0)
      expect(wait).toBeGreaterThanOrEqual(17_000)
      expect(wait).toBeLessThanOrEqual(18_700)
    })

    test('the last attempt that fails discards the job', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store, { maxAttempts: 2 })
      await settle(store, lease, gives.failed)
      const second = await again(store, advance)
      expect(await settle(store, leaseOf(second), gives.failed)).toMatchObject({ announcement: { state: 'discarded', dueAt: null } })
      expect((await readKnown(store, lookup)).latest).toMatchObject({ number: 2, final: true, state: 'discarded' })
      advance(31 * 24 * 60 * minute)
      expect(await store.stage(10)).toEqual({ staged: [], nextDueAt: null })
    })

    test.each(['invalid_args', 'invalid_result', 'result_too_large'] as const)('%s is never tried again', async (code) => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      const settled = await settle(store, lease, { type: 'error', code, message: 'No.', codec: 'd6' })
      expect(settled).toMatchObject({ announcement: { state: 'discarded', outcome: { final: true } } })
    })

    test('a snooze gives the attempt back, is counted in meta, and is an outcome of its own', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store, { maxAttempts: 1, meta: { mine: 1 } })
      expect(await settle(store, lease, gives.snooze(0.0005))).toMatchObject({ announcement: { state: 'scheduled', attempt: 0, run: 1 } })
      const { job, latest } = await readKnown(store, lookup)
      expect(job).toMatchObject({ state: 'scheduled', attempt: 0 })
      expect(Number.isInteger(job.dueAt)).toBe(true)
      expect(latest).toEqual({ type: 'snooze', seconds: 0.0005, number: 1, attempt: 1, final: false, at: latest?.at })
      const second = await again(store, advance)
      expect(second).toMatchObject({ attempt: 1, meta: { mine: 1, snoozed: 1 } })
      await settle(store, leaseOf(second), gives.snooze(5))
      const third = await again(store, advance)
      expect(third.meta).toEqual({ mine: 1, snoozed: 2 })
      expect(await settle(store, leaseOf(third), gives.ok)).toMatchObject({ announcement: { outcome: { number: 3, attempt: 1 } } })
    })

    test('outcomes are numbered on, whatever ends the attempts, and the highest is read', async () => {
      const { store, advance } = await harness.open()
      const { lookup, assignment } = await start(store)
      const ends = ['failed', 'snooze', 'crash', 'failed', 'crash', 'snooze', 'failed', 'failed', 'failed', 'failed', 'failed'] as const
      let current = assignment
      for (const [i, end] of ends.entries()) {
        if (end === 'crash') {
          advance(11 * minute)
          expect(await store.expire(10)).toHaveLength(1)
        } else await settle(store, leaseOf(current), end === 'snooze' ? gives.snooze(1) : gives.failed)
        expect((await readKnown(store, lookup)).latest).toMatchObject({ number: i + 1, attempt: current.attempt })
        advance(31 * 24 * 60 * minute)
        await store.stage(10)
        current = only(await claim(store))
      }
      expect(current.attempt).toBe(ends.length - 2 + 1)
    })
  })
}
