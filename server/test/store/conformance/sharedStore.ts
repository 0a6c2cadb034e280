import type { Cursor, Lease } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import {
  aJob,
  aUniqueJob,
  aWish,
  cancel,
  claim,
  emitSome,
  gives,
  insert,
  leaseOf,
  minute,
  only,
  read,
  sealedReason,
  settings,
  settlement,
  start,
  tenant,
} from './harness.js'

/** Two hubs' stores over the same data, closed when the test ends, with one clock that the test moves. */
export interface Shared {
  readonly here: Store
  readonly there: Store
  advance(ms: number): void
}

/** What every store must pass that several hubs share. */
export function sharedStore(name: string, open: () => Promise<Shared>): void {
  const times = (count: number) => Array.from({ length: count }, (_, i) => i)

  describe(`${name}, shared by two hubs`, () => {
    test('of the same job sent to both at once, one is stored and the other is there already', async () => {
      const { here, there } = await open()
      for (const job of [...times(10).map(() => aJob()), ...times(10).map((i) => aUniqueJob({ key: `k${i}` }))]) {
        const answers = (await Promise.all([here, there, here, there].map((store) => insert(store, [job])))).flat()
        expect(answers.filter(({ type }) => type === 'inserted')).toHaveLength(1)
        expect(answers.filter((each) => each.type === 'existing' && !each.conflict)).toHaveLength(3)
        expect(new Set(answers.map((each) => 'jobId' in each && each.jobId)).size).toBe(1)
      }
    })

    test('of one ref with different content, one is stored and the other refused', async () => {
      const { here, there } = await open()
      for (const job of times(10).map(() => aJob())) {
        const answers = (await Promise.all([insert(here, [job]), insert(there, [{ ...job, priority: 7 }])])).flat()
        expect(answers.map((each) => (each.type === 'refused' ? each.refusal.code : each.type)).sort()).toEqual(['inserted', 'ref_conflict'])
      }
    })

    test('of many jobs with one key at once, one is stored, and all refs lead to it', async () => {
      const { here, there } = await open()
      const jobs = times(40).map(() => aUniqueJob())
      const answers = (await Promise.all(jobs.map((job, i) => insert(i % 2 ? here : there, [job])))).flat()
      expect(answers.filter(({ type }) => type === 'inserted')).toHaveLength(1)
      const readings = await there.read(jobs.map(({ ref }) => ({ tenant, ref })))
      expect(new Set(readings.map((each) => each.type === 'known' && each.job.jobId)).size).toBe(1)
    })

    test('of a ref sent to one as a job, and to the other with other content, where it becomes an alias, one is stored and the other refused', async () => {
      const { here, there } = await open()
      await insert(here, [aUniqueJob()])
      for (let round = 0; round < 20; round++) {
        const jobs = times(8).map(() => aJob())
        const aliases = jobs.map(({ ref }) => aUniqueJob({}, { ref }))
        const [stored, aliased] = await Promise.all([insert(here, jobs), insert(there, aliases)])
        jobs.forEach((_, i) => {
          const types = [stored[i], aliased[i]].map((each) => (each?.type === 'refused' ? each.refusal.code : each?.type))
          expect([
            ['inserted', 'ref_conflict'],
            ['ref_conflict', 'existing'],
          ]).toContainEqual(types)
        })
      }
    })

    test('calls that want the same keys in different orders get in no lasting way of each other', async () => {
      const { here, there } = await open()
      const keys = times(12).map((i) => `k${i}`)
      const jobs = (order: readonly string[]) => order.map((key) => aUniqueJob({ key }))
      const answers = await Promise.all(times(10).map((i) => insert(i % 2 ? here : there, jobs(i % 2 ? keys : [...keys].reverse()))))
      expect(answers.flat().filter(({ type }) => type === 'inserted')).toHaveLength(keys.length)
    })

    test('no job is claimed twice, and none is left over', async () => {
      const { here, there } = await open()
      await insert(
        here,
        times(400).map((i) => aJob({ name: `n${i % 3}` })),
      )
      const names = ['n0', 'n1', 'n2']
      const claimed: string[] = []
      const work = async (store: Store) => {
        for (let got = await claim(store, { names, limit: 9 }); got.length > 0; got = await claim(store, { names, limit: 9 })) {
          claimed.push(...got.map(({ jobId }) => jobId))
        }
      }
      await Promise.all([work(here), work(there)])
      expect(claimed).toHaveLength(400)
      expect(new Set(claimed).size).toBe(400)
    })

    test('a limit across workers holds over all hubs', async () => {
      const { here, there } = await open()
      await insert(
        here,
        times(60).map(() => aJob()),
      )
      await there.setQueues([{ queue: 'default', limit: 7 }])
      for (let i = 0; i < 5; i++) {
        const claimed = (await Promise.all([here, there, here, there].map((store) => claim(store, { limit: 4 })))).flat()
        expect(claimed).toHaveLength(7)
        await here.settle(
          claimed.map((each) => settlement(each, gives.ok)),
          [],
        )
      }
    })

    test('places of a limited queue that become free go to both in turn, wherever they do', async () => {
      const { here, there } = await open()
      await insert(
        here,
        times(60).map(() => aJob()),
      )
      await there.setQueues([{ queue: 'default', limit: 2 }])
      const running: Lease[] = await claim(here, { limit: 9 })
      expect(running).toHaveLength(2)
      expect(await claim(there, { limit: 9 })).toEqual([])
      const got = { here: 0, there: 0 }
      for (let i = 0; i < 20; i++) {
        // Whatever ends, ends here, and here the next is asked for along with it.
        const { claimed } = await here.settle([settlement(running.shift() as Lease, gives.ok)], [aWish({ limit: 9 })])
        const elsewhere = await claim(there, { limit: 9 })
        got.here += claimed.length
        got.there += elsewhere.length
        running.push(...claimed.map(({ assignment }) => assignment), ...elsewhere, ...(await claim(here, { limit: 9 })))
        expect(running).toHaveLength(2)
      }
      expect(got.there).toBeGreaterThanOrEqual(9)
      expect(got.there).toBeLessThanOrEqual(11)
    })

    test('a hub that has died, or finds no jobs for itself, leaves its place to the others', async () => {
      const { here, there, advance } = await open()
      await insert(here, [aJob({ name: 'other' }), ...times(9).map(() => aJob())])
      await there.setQueues([{ queue: 'default', limit: 1 }])
      const [first] = await claim(here)
      expect(await claim(there, { names: ['other'] })).toEqual([])
      const settled = await here.settle([settlement(first as Lease, gives.ok)], [aWish()])
      expect(settled.claimed).toEqual([])
      advance(minute)
      const [second] = await claim(here)
      expect(await claim(there, { names: ['other', 'none'] })).toEqual([])
      await here.settle([settlement(second as Lease, gives.ok)], [])
      const [third] = await claim(there, { names: ['other', 'none'] })
      expect(await claim(there, { names: ['none'] })).toEqual([])
      await here.settle([settlement(third as Lease, gives.ok)], [])
      expect(await claim(here)).toHaveLength(1)
    })

    test('a hub that leaves the line has no place left to it, and is behind the others when it asks again', async () => {
      const { here, there } = await open()
      await insert(
        here,
        times(9).map(() => aJob()),
      )
      await there.setQueues([{ queue: 'default', limit: 1 }])
      const [first] = await claim(here)
      expect(await claim(there)).toEqual([])
      await there.leaveLine(['other', 'default'])
      const { claimed } = await here.settle([settlement(first as Lease, gives.ok)], [aWish({ limit: 2 })])
      expect(claimed).toHaveLength(1)
      expect(await claim(there)).toEqual([])
      await here.settle([settlement(only(claimed).assignment, gives.ok)], [])
      expect(await claim(there)).toEqual([])
      expect(await claim(here)).toHaveLength(1)
    })

    test('once a queue is paused on one, no claim of the other commits', async () => {
      const { here, there } = await open()
      for (let round = 0; round < 10; round++) {
        const queue = `q${round}`
        const jobs = times(30).map(() => aJob({ queue }))
        await insert(here, jobs)
        const asked = times(15).map(() => claim(there, { queue, limit: 2 }))
        await here.setQueues([{ queue, paused: true }])
        const readings = await here.read(jobs.map(({ ref }) => ({ tenant, ref })))
        const running = readings.filter((each) => each.type === 'known' && each.job.state === 'executing')
        expect((await Promise.all(asked)).flat()).toHaveLength(running.length)
        expect(await claim(there, { queue })).toEqual([])
      }
    })

    test('nor do new jobs of the other run', async () => {
      const { here, there } = await open()
      for (let round = 0; round < 10; round++) {
        const queue = `q${round}`
        const jobs = times(30).map(() => aJob({ queue }))
        const asked = jobs.map((job) => there.insert([{ tenant, job }], [aWish({ queue })]))
        await here.setQueues([{ queue, paused: true }])
        const readings = await here.read(jobs.map(({ ref }) => ({ tenant, ref })))
        const running = readings.filter((each) => each.type === 'known' && each.job.state === 'executing')
        expect((await Promise.all(asked)).flatMap(({ claimed }) => claimed)).toHaveLength(running.length)
        expect((await there.insert([{ tenant, job: aJob({ queue }) }], [aWish({ queue })])).claimed).toEqual([])
      }
    })

    test('an attempt claimed on one is settled, renewed and handed back on the other', async () => {
      const { here, there } = await open()
      const first = await start(here)
      const second = await start(here)
      expect(await there.renew([first.lease], minute)).toMatchObject([{ jobId: first.lease.jobId }])
      expect(await there.release([second.lease])).toMatchObject([{ jobId: second.lease.jobId, attempt: 0 }])
      expect((await there.settle([settlement(first.lease, gives.ok)], [])).settled).toMatchObject([{ announcement: { state: 'completed' } }])
      expect((await here.settle([settlement(first.lease, gives.ok), settlement(second.lease, gives.ok)], [])).settled).toEqual([
        { type: 'settled', announcement: null },
        { type: 'stale' },
      ])
    })

    test('a cancellation asked for on one counts for an attempt that is settled on the other', async () => {
      const { here, there } = await open()
      const { lookup, lease } = await start(here)
      expect(await cancel(there, lookup)).toMatchObject({ type: 'requested', lease })
      const { settled } = await here.settle([settlement(lease, gives.failed)], [])
      expect(settled).toMatchObject([{ announcement: { state: 'cancelled', outcome: { type: 'cancel', value: sealedReason().value } } }])
    })

    test('what a run told last is read at the other though the next has begun, and then that run', async () => {
      const { here, there } = await open()
      const { lease, lookup } = await start(here)
      await emitSome(here, lease, 3)
      const { claimed } = await here.settle([{ ...settlement(lease, { ...gives.failed, backoff: 0 }), chunks: 3 }], [])
      expect(claimed).toEqual([])
      await here.stage(1)
      const again = leaseOf(only(await claim(here)))
      await emitSome(here, again, 1)
      const read = async (from: Cursor) => only(await there.watch([{ ...lookup, from, before: true }]))
      const first = await read({ run: 1, index: 1, number: 0 })
      expect(first).toMatchObject({ run: 1, state: 'executing', attempt: 1, chunks: [{ index: 1 }, { index: 2 }], outcomes: [], more: true })
      const second = await read({ run: 1, index: 3, number: 0 })
      expect(second).toMatchObject({ run: 2, after: 1, chunks: [{ attempt: 2, index: 0 }], outcomes: [{ number: 1 }], more: false })
      expect(await read({ run: 2, index: 0, number: 1 })).toMatchObject({ run: 2, chunks: [{ index: 0 }], outcomes: [] })
      // Whoever comes anew begins with the latest run.
      expect(only(await there.watch([lookup]))).toMatchObject({ run: 2, chunks: [{ attempt: 2 }], more: false })
    })

    test('an alias that the other stored is told of a settlement', async () => {
      const { here, there } = await open()
      const job = aUniqueJob()
      await insert(here, [job])
      const lease = leaseOf(only(await claim(here)))
      const alias = aUniqueJob()
      await insert(there, [alias])
      const { settled } = await here.settle([settlement(lease, gives.ok)], [])
      expect(settled).toMatchObject([{ announcement: { refs: [job.ref, alias.ref] } }])
    })

    test('what both sweep at once is told of once', async () => {
      const { here, there, advance } = await open()
      const jobs = times(60).map((i) => aJob(i % 2 ? {} : { scheduleIn: 30, maxAttempts: 1 }))
      await insert(here, jobs)
      advance(minute)
      const both = [here, there, here, there]
      const staged = (await Promise.all(both.map((store) => store.stage(100)))).flatMap((each) => each.staged)
      expect(staged.map(({ jobId }) => jobId)).toHaveLength(30)
      const claimed = await claim(here, { limit: 100 })
      expect(claimed).toHaveLength(60)
      advance(settings.leaseMs)
      const expired = (await Promise.all(both.map((store) => store.expire(100)))).flat()
      expect(new Set(expired.map(({ lease }) => lease.lease)).size).toBe(60)
      expect(expired).toHaveLength(60)
      advance(settings.retentionMs + minute)
      const pruned = (await Promise.all(both.map((store) => store.prune(100)))).flat()
      expect(pruned.map(({ ref }) => ref).sort()).toEqual(
        jobs
          .filter((_, i) => i % 2 === 0)
          .map(({ ref }) => ref)
          .sort(),
      )
    })

    test('of a settlement and a lost lease at once, one counts and the other changes nothing', async () => {
      const { here, there, advance } = await open()
      for (let i = 0; i < 20; i++) {
        const { lease, lookup } = await start(here, { maxAttempts: 1, name: `n${i}` })
        advance(settings.leaseMs)
        const [{ settled }, expired] = await Promise.all([here.settle([settlement(lease, gives.ok)], []), there.expire(10)])
        const reading = await read(there, lookup)
        const state = reading.type === 'known' && reading.job.state
        expect(reading).toMatchObject({ latest: { number: 1 } })
        expect([only(settled).type, expired.length, state]).toEqual(expired.length ? ['stale', 1, 'discarded'] : ['settled', 0, 'completed'])
      }
    })
  })
}
