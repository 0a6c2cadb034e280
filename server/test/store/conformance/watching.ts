import { type Cursor, type Lease, mintRef, type Outcome } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import {
  aJob,
  aWish,
  cancel,
  claim,
  emission,
  emitSome,
  gives,
  type Harness,
  insert,
  leaseOf,
  minute,
  only,
  settings,
  settle,
  start,
  tenant,
  watchKnown,
} from './harness.js'

/** What a watcher is told that has joined late, or lost its connection. */
export function watching(harness: Harness): void {
  describe('watching', () => {
    const numbers = (outcomes: readonly Outcome[]) => outcomes.map(({ number }) => number)
    const indexes = (chunks: readonly { readonly index: number }[]) => chunks.map(({ index }) => index)

    /** Who has seen the first run begin, and nothing of it. */
    const nowhere: Cursor = { run: 1, index: 0, number: 0 }

    /** Fails the attempt, lets the job come due, and claims it again. */
    async function next(store: Store, advance: (ms: number) => void, lease: Parameters<typeof settle>[1]) {
      await settle(store, lease, gives.failed)
      advance(31 * 24 * 60 * minute)
      await store.stage(10)
      return leaseOf(only(await claim(store)))
    }

    test('a job that waits for its first attempt has nothing to tell but its state', async () => {
      const { store } = await harness.open()
      const job = aJob()
      const inserted = only(await insert(store, [job]))
      const jobId = 'jobId' in inserted && inserted.jobId
      const at = 'dueAt' in inserted && inserted.dueAt
      const empty = { run: 0, after: 0, progress: null, chunks: [], outcomes: [], more: false }
      expect(await watchKnown(store, { tenant, ref: job.ref })).toEqual({ type: 'job', jobId, state: 'available', attempt: 0, at, ...empty })
    })

    test('without a cursor: all chunks of the latest run, and no outcome but the latest', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 2)
      const third = await next(store, advance, await next(store, advance, lease))
      await emitSome(store, third, 3)
      const { chunks, outcomes, ...rest } = await watchKnown(store, lookup)
      expect(rest).toMatchObject({ state: 'executing', attempt: 3, run: 3, after: 2, more: false })
      expect(chunks).toMatchObject([0, 1, 2].map((index) => ({ attempt: 3, index })))
      expect(numbers(outcomes)).toEqual([2])
    })

    test('of a job that has ended: the chunks of its last attempt, and its last outcome', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      const second = await next(store, advance, lease)
      await emitSome(store, second, 2)
      await settle(store, second, gives.ok)
      const { state, chunks, outcomes } = await watchKnown(store, lookup)
      expect([state, indexes(chunks), numbers(outcomes)]).toEqual(['completed', [0, 1], [2]])
    })

    test('with a cursor: what comes behind it within the same run', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 4)
      const from = { run: 1, index: 3, number: 0 }
      expect(await watchKnown(store, lookup, from)).toMatchObject({ chunks: [{ index: 3 }], outcomes: [] })
      await settle(store, lease, gives.ok)
      expect(await watchKnown(store, lookup, from)).toMatchObject({ chunks: [{ index: 3 }], outcomes: [{ number: 1 }] })
      expect(await watchKnown(store, lookup, { ...from, index: 4 })).toMatchObject({ chunks: [], outcomes: [{ number: 1 }] })
      expect(await watchKnown(store, lookup, { ...from, index: 99 })).toMatchObject({ chunks: [], outcomes: [{ number: 1 }] })
      expect(await watchKnown(store, lookup, { ...from, number: 1 })).toMatchObject({ chunks: [], outcomes: [] })
    })

    test('with a cursor of an earlier run: every outcome since, and all of the latest run', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 4)
      const third = await next(store, advance, await next(store, advance, lease))
      await emitSome(store, third, 2)
      const { chunks, outcomes } = await watchKnown(store, lookup, { run: 1, index: 3, number: 0 })
      expect([indexes(chunks), numbers(outcomes)]).toEqual([
        [0, 1],
        [1, 2],
      ])
    })

    test('outcomes behind the latest run have higher numbers than it says came before', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      const second = await next(store, advance, lease)
      await emitSome(store, second, 1)
      await settle(store, second, gives.failed)
      await cancel(store, lookup)
      expect(await watchKnown(store, lookup, nowhere)).toMatchObject({ run: 2, after: 1, outcomes: [{ number: 1 }, { number: 2 }, { number: 3 }] })
      expect(await watchKnown(store, lookup)).toMatchObject({ run: 2, chunks: [{ index: 0 }], outcomes: [{ number: 3 }] })
    })

    describe('an attempt that was given back', () => {
      const waysBack: [string, (store: Store, lease: Lease) => Promise<unknown>, number[]][] = [
        ['by its worker', (store, lease) => store.release([lease]), []],
        ['by a snooze', (store, lease) => settle(store, lease, gives.snooze(0)), [1]],
      ]

      test.each(waysBack)('%s is not taken for the next one of its number', async (_, giveBack, outcomes) => {
        const { store } = await harness.open()
        const { lease, lookup } = await start(store)
        await emitSome(store, lease, 4)
        await giveBack(store, lease)
        const from = { run: 1, index: 2, number: 0 }
        expect(await watchKnown(store, lookup, from)).toMatchObject({ attempt: 0, run: 1, chunks: [{ index: 2 }, { index: 3 }] })
        await store.stage(10)
        const second = only(await claim(store))
        expect(second.attempt).toBe(1)
        expect(await watchKnown(store, lookup, from)).toMatchObject({ attempt: 1, run: 2, chunks: [], progress: null })
        await emitSome(store, leaseOf(second), 3)
        const behind = await watchKnown(store, lookup, from)
        expect([behind.run, indexes(behind.chunks), numbers(behind.outcomes)]).toEqual([2, [0, 1, 2], outcomes])
        expect(indexes((await watchKnown(store, lookup, { ...from, number: outcomes.length })).chunks)).toEqual([0, 1, 2])
        expect(indexes((await watchKnown(store, lookup, { ...from, run: 2 })).chunks)).toEqual([2])
      })

      test('many times over begins as many runs', async () => {
        const { store } = await harness.open()
        const { lease, lookup } = await start(store)
        await store.release([lease])
        for (let run = 2; run <= 5; run++) {
          const [claimed] = await store.claim([aWish()])
          expect(claimed).toMatchObject({ run, assignment: { attempt: 1 } })
          expect(await watchKnown(store, lookup)).toMatchObject({ run, attempt: 1 })
          expect(await store.release([leaseOf(claimed?.assignment as Lease)])).toMatchObject([{ run, attempt: 0 }])
        }
      })
    })

    /** Reads on and on, as a watcher does, and gathers what it gets. */
    async function readAll(store: Store, lookup: Parameters<typeof watchKnown>[1], from: Cursor) {
      const seen: string[] = []
      let pages = 0
      for (let cursor = from, more = true; more; pages++) {
        const page = await watchKnown(store, lookup, cursor)
        for (const { number } of page.outcomes.filter(({ number }) => number <= page.after)) seen.push(`outcome ${number}`)
        for (const { index } of page.chunks) seen.push(`chunk ${index}`)
        for (const { number } of page.outcomes.filter(({ number }) => number > page.after)) seen.push(`outcome ${number}`)
        const had = page.run === cursor.run ? cursor.index : 0
        cursor = { run: page.run, index: page.chunks.at(-1)?.index ?? had - 1, number: page.outcomes.at(-1)?.number ?? cursor.number }
        cursor.index += 1
        more = page.more
        if (more) expect(page.chunks.length + page.outcomes.length).toBeGreaterThan(0)
      }
      return { seen, pages }
    }

    test('many chunks come page by page, none missing and none twice, and then the outcome', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      const second = await next(store, advance, lease)
      await emitSome(store, second, 2_500)
      await settle(store, second, gives.ok)
      const { seen, pages } = await readAll(store, lookup, nowhere)
      expect(seen).toEqual(['outcome 1', ...Array.from({ length: 2_500 }, (_, index) => `chunk ${index}`), 'outcome 2'])
      expect(pages).toBe(3)
    })

    test('large chunks and outcomes too: a page has about a mebibyte, or a single larger one', async () => {
      const { store, advance } = await harness.open()
      const { lease, lookup } = await start(store)
      const large = 'x'.repeat(600_000)
      await settle(store, lease, { ...gives.failed, value: large })
      advance(31 * 24 * 60 * minute)
      await store.stage(10)
      const second = leaseOf(only(await claim(store)))
      for (const index of [0, 1, 2]) await store.emit([emission(second, index, index === 1 ? large.repeat(3) : large)])
      await settle(store, second, { ...gives.ok, value: large })
      const { seen, pages } = await readAll(store, lookup, nowhere)
      expect(seen).toEqual(['outcome 1', 'chunk 0', 'chunk 1', 'chunk 2', 'outcome 2'])
      expect(pages).toBe(5)
    })

    test('what no longer fits keeps back all that comes after it, be it ever so small', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      const large = 'x'.repeat(600_000)
      await store.emit([large, large, 'small'].map((value, index) => emission(lease, index, value)))
      await settle(store, lease, gives.ok)
      const first = await watchKnown(store, lookup, nowhere)
      expect([indexes(first.chunks), numbers(first.outcomes), first.more]).toEqual([[0], [], true])
      const second = await watchKnown(store, lookup, { ...nowhere, index: 1 })
      expect([indexes(second.chunks), numbers(second.outcomes), second.more]).toEqual([[1, 2], [1], false])
    })

    test('a retried job that waits still shows its last run; once it runs, only the new one', async () => {
      const { store } = await harness.open()
      const { lease, lookup } = await start(store)
      await emitSome(store, lease, 2)
      await settle(store, lease, gives.ok)
      await store.retry([lookup])
      expect(await watchKnown(store, lookup)).toMatchObject({
        state: 'available',
        run: 1,
        chunks: [{ index: 0 }, { index: 1 }],
        outcomes: [{ number: 1 }],
      })
      await claim(store)
      expect(await watchKnown(store, lookup)).toMatchObject({ state: 'executing', attempt: 2, run: 2, chunks: [], outcomes: [{ number: 1 }] })
    })

    test('the time a state was entered: stored, claimed, failed, due, ended', async () => {
      const { store, advance } = await harness.open()
      const job = aJob()
      await insert(store, [job])
      const lookup = { tenant, ref: job.ref }
      const at = async () => (await watchKnown(store, lookup)).at
      const stored = await at()
      advance(minute)
      const lease = leaseOf(only(await claim(store)))
      const claimed = await at()
      advance(minute)
      await settle(store, lease, { ...gives.failed, backoff: 60 })
      const failed = await at()
      advance(minute)
      await store.stage(10)
      const due = await at()
      advance(minute)
      const cancelled = await cancel(store, lookup)
      const ended = await at()
      expect(cancelled).toMatchObject({ announcement: { outcome: { at: ended } } })
      const times = [stored, claimed, failed, due, ended]
      const steps = times.slice(1).map((time, i) => time - (times[i] as number))
      for (const step of steps) expect(step).toBeGreaterThanOrEqual(minute)
      for (const step of steps) expect(step).toBeLessThan(2 * minute)
    })

    test("answers come in order; a ref that never was, another tenant's, and one that was pruned", async () => {
      const { store, advance } = await harness.open()
      const { lookup, lease } = await start(store)
      const unknown = { tenant, ref: mintRef() }
      expect(await store.watch([unknown, lookup, { ...lookup, tenant: 'other' }])).toMatchObject([
        { type: 'not_found' },
        { type: 'job', jobId: lease.jobId },
        { type: 'not_found' },
      ])
      await emitSome(store, lease, 3)
      await settle(store, lease, gives.ok)
      advance(settings.retentionMs + minute)
      await store.prune(10)
      expect(await store.watch([lookup])).toEqual([{ type: 'expired' }])
    })
  })
}
