import { chunkBounds } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import {
  claim,
  emission,
  emitSome,
  gives,
  type Harness,
  leaseOf,
  only,
  readKnown,
  requestCancel,
  settings,
  settle,
  start,
  strangeLease,
  tenant,
  watchKnown,
} from './harness.js'

/** What an attempt emits, piece by piece. */
export function chunks(harness: Harness): void {
  describe('chunks', () => {
    const verdicts = async (store: Store, emissions: Parameters<Store['emit']>[0]) => (await store.emit(emissions)).map(({ verdict }) => verdict)

    test('they are stored in order, and each answer says whom to tell', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const told = { tenant, refs: [lookup.ref], jobId: lease.jobId, attempt: 1, run: 1 }
      const stored = { verdict: 'stored', told }
      expect(await store.emit([emission(lease, 0), emission(lease, 1)])).toEqual([stored, stored])
      expect(await store.emit([emission(lease, 2)])).toEqual([stored])
      const { chunks } = await watchKnown(store, lookup)
      expect(chunks).toEqual([0, 1, 2].map((index) => ({ attempt: 1, index, codec: 'd6', value: `[${index}]` })))
    })

    test('one that was stored before is stored again without telling anybody, and stays as it was', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 2)
      expect(await store.emit([emission(lease, 0, '["other"]'), emission(lease, 1)])).toEqual([
        { verdict: 'stored', told: null },
        { verdict: 'stored', told: null },
      ])
      expect((await watchKnown(store, lookup)).chunks.map(({ value }) => value)).toEqual(['[0]', '[1]'])
    })

    test('one that comes before its turn is refused, and fits once the others have come', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      expect(await verdicts(store, [emission(lease, 1), emission(lease, 0), emission(lease, 2), emission(lease, 1)])).toEqual([
        'gap',
        'stored',
        'gap',
        'stored',
      ])
      expect(await verdicts(store, [emission(lease, 2)])).toEqual(['stored'])
    })

    test('a stale word stores nothing, and rolls back no neighbour', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 2)
      advance(settings.leaseMs)
      await store.expire(10)
      const second = leaseOf(only(await claim(store)))
      const made = { ...second, jobId: '1e0' }
      expect(await verdicts(store, [emission(lease, 2), emission(second, 0), emission(strangeLease, 0), emission(made, 1)])).toEqual([
        'stale',
        'stored',
        'stale',
        'stale',
      ])
      expect((await watchKnown(store, lookup)).chunks).toMatchObject([{ attempt: 2, index: 0 }])
    })

    test('nothing is stored once the attempt has ended, nor is a resend known', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      await emitSome(store, lease, 1)
      await settle(store, lease, gives.ok)
      expect(await verdicts(store, [emission(lease, 0), emission(lease, 1)])).toEqual(['stale', 'stale'])
    })

    test('each attempt counts from 0, also one that has the number of the one before', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 3)
      await settle(store, lease, gives.snooze(0))
      await store.stage(10)
      const second = only(await claim(store))
      expect(second.attempt).toBe(1)
      expect((await watchKnown(store, lookup)).chunks).toEqual([])
      expect(await verdicts(store, [emission(second, 1), emission(second, 0, '["new"]')])).toEqual(['gap', 'stored'])
      expect((await watchKnown(store, lookup)).chunks).toEqual([{ attempt: 1, index: 0, codec: 'd6', value: '["new"]' }])
    })

    test('a job handed back begins anew', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 3)
      await store.release([lease])
      const second = only(await claim(store))
      expect(await store.emit([emission(second, 0, '["new"]')])).toMatchObject([{ told: { attempt: 1, run: 2 } }])
      expect((await watchKnown(store, lookup)).chunks).toMatchObject([{ attempt: 1, index: 0, value: '["new"]' }])
    })

    test('their number is bounded', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      await emitSome(store, lease, chunkBounds.count)
      expect(await verdicts(store, [emission(lease, chunkBounds.count), emission(lease, 0)])).toEqual(['full', 'stored'])
      const other = await start(store)
      expect(await verdicts(store, [emission(other.lease, 0)])).toEqual(['stored'])
    })

    test('their bytes are bounded, and a smaller one may still fit', async () => {
      const { store } = await harness.open()
      const { lease } = await start(store)
      const quarter = 'ä'.repeat(chunkBounds.bytes / 8)
      for (let i = 0; i < 3; i++) expect(await verdicts(store, [emission(lease, i, quarter)])).toEqual(['stored'])
      const tooMuch = emission(lease, 3, `${quarter}x`)
      const exact = emission(lease, 3, quarter)
      expect(await verdicts(store, [tooMuch, exact, emission(lease, 4, 'x')])).toEqual(['full', 'stored', 'full'])
    })

    describe('the outcome', () => {
      test('tells how many the settlement counted', async () => {
        const { store } = await harness.open()
        const { lease, lookup } = await start(store)
        await emitSome(store, lease, 2)
        const { settled } = await store.settle([{ ...lease, outcome: gives.ok, chunks: 2 }], [])
        expect(settled).toMatchObject([{ announcement: { outcome: { type: 'ok', chunks: 2 } } }])
        expect((await readKnown(store, lookup)).latest).toMatchObject({ chunks: 2 })
      })

      test('tells of none where the settlement does not', async () => {
        const { store } = await harness.open()
        const { lease, lookup } = await start(store)
        await settle(store, lease, gives.ok)
        expect((await readKnown(store, lookup)).latest).not.toHaveProperty('chunks')
      })

      test('of a crash, and of a cancellation by the grace, counts those that are stored', async () => {
        const { store, advance } = await harness.open()
        const silent = await start(store)
        const stubborn = await start(store)
        const mute = await start(store)
        for (const { lease } of [silent, stubborn]) await emitSome(store, lease, 3)
        await requestCancel(store, stubborn.lookup)
        advance(settings.leaseMs)
        expect(await store.expire(10)).toHaveLength(3)
        expect((await readKnown(store, silent.lookup)).latest).toMatchObject({ type: 'error', chunks: 3 })
        expect((await readKnown(store, stubborn.lookup)).latest).toMatchObject({ type: 'cancel', chunks: 3 })
        expect((await readKnown(store, mute.lookup)).latest).not.toHaveProperty('chunks')
      })
    })

    if (harness.survivesReopen) {
      test('a restart keeps them, and their order goes on', async () => {
        const { store, reopen } = await harness.open()
        const { lease, lookup } = await start(store)
        await emitSome(store, lease, 3)
        const again = await reopen()
        expect(await verdicts(again, [emission(lease, 4), emission(lease, 3), emission(lease, 1)])).toEqual(['gap', 'stored', 'stored'])
        expect((await watchKnown(again, lookup)).chunks).toHaveLength(4)
      })
    }
  })
}
