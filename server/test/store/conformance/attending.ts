import { describe, expect, test } from 'vitest'
import { aJob, cancel, claim, gives, type Harness, insert, leaseOf, minute, only, settings, settle, start, tenant } from './harness.js'

/** Jobs that are cancelled once nobody waits for them. */
export function attending(harness: Harness): void {
  describe('attending', () => {
    test('lists the jobs that asked for it and have not ended, with all their refs', async () => {
      const { store } = await harness.open()
      const unique = { key: 'k', states: ['available' as const] }
      const asked = aJob({ cancelOnDisconnect: true, unique, name: 'a' })
      const alias = aJob({ unique, name: 'a' })
      await insert(store, [aJob({ name: 'a' }), asked, alias])
      const running = await start(store, { cancelOnDisconnect: true })
      const listed = await store.attended()
      expect(listed).toMatchObject([
        { tenant, refs: [asked.ref, alias.ref], attempt: 0, run: 0 },
        { tenant, refs: [running.lookup.ref], jobId: running.lease.jobId, attempt: 1, run: 1 },
      ])
    })

    test('through every state until the job ends, however it ends', async () => {
      const { store, advance } = await harness.open()
      const job = aJob({ cancelOnDisconnect: true, scheduleIn: 60, maxAttempts: 2 })
      await insert(store, [job])
      const count = async () => (await store.attended()).length
      expect(await count()).toBe(1)
      advance(minute)
      await store.stage(10)
      expect(await count()).toBe(1)
      await settle(store, leaseOf(only(await claim(store))), gives.failed)
      expect(await count()).toBe(1)
      advance(minute)
      await store.stage(10)
      await claim(store)
      advance(settings.leaseMs)
      await store.expire(10)
      expect(await count()).toBe(0)
    })

    test('a cancelled one is listed no more, nor one that an operator has reopened', async () => {
      const { store } = await harness.open()
      const job = aJob({ cancelOnDisconnect: true })
      await insert(store, [job])
      await cancel(store, { tenant, ref: job.ref })
      expect(await store.attended()).toEqual([])
      await store.retry([{ tenant, ref: job.ref }])
      expect(await store.attended()).toEqual([])
    })

    test('an alias that asks for it does not ask for the job it leads to', async () => {
      const { store } = await harness.open()
      const unique = { key: 'k', states: ['available' as const] }
      await insert(store, [aJob({ unique }), aJob({ unique, cancelOnDisconnect: true })])
      expect(await store.attended()).toEqual([])
    })
  })
}
