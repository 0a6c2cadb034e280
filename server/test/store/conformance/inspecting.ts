import { mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import {
  aJob,
  claim,
  gives,
  type Harness,
  insert,
  inspectKnown,
  leaseOf,
  minute,
  only,
  readKnown,
  settings,
  settle,
  start,
  tenant,
} from './harness.js'

/** All there is to know about a job but its values. */
export function inspecting(harness: Harness): void {
  describe('inspecting', () => {
    test('a fresh job as it was sent', async () => {
      const { store } = await harness.open()
      const fields = { priority: 3, maxAttempts: 7, tags: ['a', 'ü'], meta: { n: [1, { deep: true }] }, queue: 'q', name: 'n' }
      const job = aJob({ ...fields, scheduleIn: 60 })
      const inserted = only(await insert(store, [job]))
      const scheduledAt = 'dueAt' in inserted ? inserted.dueAt : Number.NaN
      const empty = { errors: [], attemptedAt: null, finishedAt: null, cancelRequested: false, paused: false }
      expect(await inspectKnown(store, { tenant, ref: job.ref })).toEqual({
        type: 'job',
        ...fields,
        ...empty,
        state: 'scheduled',
        attempt: 0,
        scheduledAt,
        insertedAt: scheduledAt - 60_000,
      })
    })

    test('when it was claimed and when it ended', async () => {
      const { store, advance } = await harness.open()
      const job = aJob()
      await insert(store, [job])
      const lookup = { tenant, ref: job.ref }
      advance(minute)
      const lease = leaseOf(only(await claim(store)))
      const running = await inspectKnown(store, lookup)
      expect(running).toMatchObject({ state: 'executing', attempt: 1, finishedAt: null })
      expect((running.attemptedAt ?? 0) - running.insertedAt).toBeGreaterThanOrEqual(minute)
      advance(minute)
      await settle(store, lease, gives.ok)
      const { latest } = await readKnown(store, lookup)
      expect(await inspectKnown(store, lookup)).toMatchObject({ state: 'completed', attemptedAt: running.attemptedAt, finishedAt: latest?.at })
    })

    test('its failed attempts, oldest first, with all their headers; no other outcomes', async () => {
      const { store, advance } = await harness.open()
      const { lookup, assignment } = await start(store)
      const thrown = { type: 'error', code: 'exception', message: 'm', name: 'TypeError', codec: 'd6', trace: '["stack"]' } as const
      let lease = leaseOf(assignment)
      for (const given of [gives.failed, gives.snooze(1), thrown, 'crash'] as const) {
        if (given === 'crash') {
          advance(settings.leaseMs)
          await store.expire(10)
        } else await settle(store, lease, given)
        advance(31 * 24 * 60 * minute)
        await store.stage(10)
        lease = leaseOf(only(await claim(store)))
      }
      await settle(store, lease, gives.ok)
      const { errors, meta } = await inspectKnown(store, lookup)
      expect(errors).toMatchObject([
        { ...gives.failed, number: 1, attempt: 1, state: 'retryable' },
        { ...thrown, number: 3, attempt: 2 },
        { code: 'crashed', number: 4, attempt: 3 },
      ])
      expect(meta).toEqual({ snoozed: 1 })
    })

    test('at most the last hundred of them, and about a mebibyte', async () => {
      const { store } = await harness.open()
      const { lookup, assignment } = await start(store, { maxAttempts: 1_000 })
      let lease = leaseOf(assignment)
      const fail = async (value: string) => {
        await settle(store, lease, { ...gives.failed, value, backoff: 0 })
        await store.stage(10)
        lease = leaseOf(only(await claim(store)))
      }
      for (let i = 0; i < 105; i++) await fail('[1]')
      const numbers = async () => (await inspectKnown(store, lookup)).errors.map(({ number }) => number)
      expect(await numbers()).toEqual(Array.from({ length: 100 }, (_, i) => i + 6))
      for (let i = 0; i < 3; i++) await fail('x'.repeat(500_000))
      expect(await numbers()).toEqual([107, 108])
      await fail('x'.repeat(3_000_000))
      expect(await numbers()).toEqual([109])
    })

    test("answers come in order; a ref that never was, another tenant's, and one that was pruned", async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      const lookups = [{ tenant, ref: mintRef() }, lookup, { ...lookup, tenant: 'other' }]
      expect((await store.inspect(lookups)).map(({ type }) => type)).toEqual(['not_found', 'job', 'not_found'])
      await settle(store, lease, gives.ok)
      advance(settings.retentionMs + minute)
      await store.prune(10)
      expect(await store.inspect([lookup])).toEqual([{ type: 'expired' }])
    })
  })
}
