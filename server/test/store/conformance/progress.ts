import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import { aJob, claim, gives, type Harness, insert, leaseOf, only, settings, settle, start, strangeLease, tenant, watchKnown } from './harness.js'

/** How far an attempt has come. */
export function progress(harness: Harness): void {
  describe('progress', () => {
    const report = (store: Store, lease: { jobId: string; lease: string }, value: string) =>
      store.progress([{ ...leaseOf(lease), codec: 'd6', value }])

    test('the latest is kept, and the answer says whom to tell', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      expect((await watchKnown(store, lookup)).progress).toBeNull()
      const told = { tenant, refs: [lookup.ref], jobId: lease.jobId, attempt: 1, run: 1 }
      expect(await report(store, lease, '[1]')).toEqual([told])
      expect(await report(store, lease, '[2]')).toEqual([told])
      expect((await watchKnown(store, lookup)).progress).toEqual({ attempt: 1, codec: 'd6', value: '[2]' })
    })

    test('aliases are told too', async () => {
      const { store } = await harness.open()
      const unique = { key: 'k', states: ['executing' as const] }
      const [job, alias] = [aJob({ unique }), aJob({ unique })]
      await insert(store, [job])
      const lease = leaseOf(only(await claim(store)))
      await insert(store, [alias])
      expect(await report(store, lease, '[1]')).toMatchObject([{ refs: [job.ref, alias.ref] }])
    })

    test('of several in one call the last one stands', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await store.progress(['[1]', '[2]', '[3]'].map((value) => ({ ...lease, codec: 'x9', value })))
      expect((await watchKnown(store, lookup)).progress).toEqual({ attempt: 1, codec: 'x9', value: '[3]' })
    })

    test('a stale word changes nothing, and rolls back no neighbour', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      advance(settings.leaseMs)
      await store.expire(10)
      const second = leaseOf(only(await claim(store)))
      const values = [lease, second, strangeLease, { ...second, jobId: 'abc' }].map((each, i) => ({ ...each, codec: 'd6', value: `[${i}]` }))
      expect(await store.progress(values)).toMatchObject([null, { attempt: 2, run: 2 }, null, null])
      expect((await watchKnown(store, lookup)).progress).toEqual({ attempt: 2, codec: 'd6', value: '[1]' })
    })

    test('it stays with the attempt that has ended, and the next attempt begins without', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await report(store, lease, '[80]')
      await settle(store, lease, gives.snooze(0))
      expect(await report(store, lease, '[90]')).toEqual([null])
      expect((await watchKnown(store, lookup)).progress).toEqual({ attempt: 1, codec: 'd6', value: '[80]' })
      await store.stage(10)
      await claim(store)
      expect((await watchKnown(store, lookup)).progress).toBeNull()
    })

    test('a finished job still shows it', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await report(store, lease, '[100]')
      await settle(store, lease, gives.ok)
      expect((await watchKnown(store, lookup)).progress).toMatchObject({ value: '[100]' })
    })

    if (harness.survivesReopen) {
      test('a restart keeps it', async () => {
        const { store, reopen } = await harness.open()
        const { lease, lookup } = await start(store)
        await report(store, lease, '[5]')
        expect((await watchKnown(await reopen(), lookup)).progress).toEqual({ attempt: 1, codec: 'd6', value: '[5]' })
      })
    }
  })
}
