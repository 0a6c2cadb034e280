import { describe, expect, test } from 'vitest'
import { type Store, StoreUnavailable } from '#server/store/store.js'
import { aJob, aWish, gives, type Harness, insert, minute, read, settle, start, strangeLease, tenant } from './harness.js'

/** The end of a store, and what is left of it. */
export function closing(harness: Harness): void {
  describe('closing', () => {
    test('what was asked before is finished', async () => {
      const { store } = await harness.open()
      const jobs = [aJob(), aJob()]
      const inserted = insert(store, jobs)
      const readings = store.read(jobs.map(({ ref }) => ({ tenant, ref })))
      const closed = store.close()
      expect((await inserted).map(({ type }) => type)).toEqual(['inserted', 'inserted'])
      expect((await readings).map(({ type }) => type)).toEqual(['known', 'known'])
      await closed
    })

    test('closing twice is safe, together and one after the other', async () => {
      const { store } = await harness.open()
      await Promise.all([store.close(), store.close()])
      await expect(store.close()).resolves.toBeUndefined()
    })

    test('nothing can be asked afterwards, nor while it closes', async () => {
      const { store } = await harness.open()
      const closed = store.close()
      for (const call of everyCall(store)) await expect(call()).rejects.toBeInstanceOf(StoreUnavailable)
      await closed
      for (const call of everyCall(store)) await expect(call()).rejects.toBeInstanceOf(StoreUnavailable)
    })

    if (harness.survivesReopen) {
      test('everything is there again when it is opened again', async () => {
        const { store, reopen } = await harness.open()
        const waiting = aJob({ scheduleIn: 100 })
        await insert(store, [waiting])
        const done = await start(store)
        await settle(store, done.lease, gives.ok)
        const running = await start(store)
        const lookups = [{ tenant, ref: waiting.ref }, done.lookup, running.lookup]
        const before = await store.read(lookups)
        const again = await reopen()
        expect(await again.read(lookups)).toEqual(before)
        expect(await settle(again, done.lease, gives.ok)).toEqual({ type: 'settled', announcement: null })
        expect(await settle(again, running.lease, gives.ok)).toMatchObject({ announcement: { state: 'completed' } })
        expect((await again.stage(10)).nextDueAt).toBe(before[0]?.type === 'known' && before[0].job.dueAt)
      })

      test('its time does not step back when the clock was set back meanwhile', async () => {
        const { store, advance, reopen } = await harness.open()
        const times: (number | false)[] = []
        const note = async (of: Store) => {
          const job = aJob()
          await insert(of, [job])
          const reading = await read(of, { tenant, ref: job.ref })
          times.push(reading.type === 'known' && reading.job.dueAt)
        }
        await note(store)
        advance(-60 * minute)
        await note(store)
        const again = await reopen()
        await note(again)
        advance(-60 * minute)
        await note(again)
        expect(times).toEqual([...times].sort((a, b) => Number(a) - Number(b)))
      })
    } else {
      test('nothing is left when it is opened again', async () => {
        const { store, reopen } = await harness.open()
        const { lookup } = await start(store)
        expect(await read(await reopen(), lookup)).toEqual({ type: 'not_found' })
      })
    }
  })
}

function everyCall(store: Store): (() => Promise<unknown>)[] {
  return [
    () => store.insert([{ tenant, job: aJob() }], []),
    () => store.claim([aWish()]),
    () => store.settle([{ ...strangeLease, outcome: gives.ok }], []),
    () => store.renew([strangeLease], minute),
    () => store.shorten([strangeLease], minute, 'w1'),
    () => store.held([strangeLease]),
    () => store.release([strangeLease]),
    () => store.cancel([]),
    () => store.retry([]),
    () => store.progress([]),
    () => store.emit([]),
    () => store.read([]),
    () => store.watch([]),
    () => store.inspect([]),
    () => store.setQueues([]),
    () => store.queues(),
    () => store.depths(),
    () => store.attend([]),
    () => store.abandoned(minute, 1),
    () => store.stage(1),
    () => store.expire(1),
    () => store.prune(1),
  ]
}
