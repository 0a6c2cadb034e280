import { describe, expect, test } from 'vitest'
import type { Store } from '#server/store/store.js'
import {
  aJob,
  aUniqueJob,
  cancel,
  claim,
  gives,
  type Harness,
  insert,
  leaseOf,
  minute,
  only,
  sealedReason,
  settle,
  start,
  strangeLease,
  tenant,
} from './harness.js'

/** What metrics are made of. */
export function measuring(harness: Harness): void {
  describe('measuring', () => {
    /** The counts, in words. */
    const counted = async (store: Store) => (await store.depths()).map(({ queue, state, count }) => `${queue} ${state} ${count}`).sort()

    test('jobs that have not ended are counted by queue and state', async () => {
      const { store } = await harness.open()
      const done = await start(store)
      await settle(store, done.lease, gives.ok)
      const failed = await start(store)
      await settle(store, failed.lease, gives.failed)
      await insert(store, [aJob(), aJob(), aJob(), aJob({ scheduleIn: 60 }), aJob({ queue: 'q2' }), aJob({ queue: 'q2', scheduleIn: 60 })])
      await claim(store)
      expect(await counted(store)).toEqual([
        'default available 2',
        'default executing 1',
        'default retryable 1',
        'default scheduled 1',
        'q2 available 1',
        'q2 scheduled 1',
      ])
    })

    test('the count follows a job from state to state', async () => {
      const { store, advance } = await harness.open()
      const job = aJob({ scheduleIn: 30 })
      const states: string[] = []
      const step = async (...does: (() => Promise<unknown>)[]) => {
        for (const each of does) await each()
        advance(minute)
        states.push((await counted(store)).join())
      }
      let lease = strangeLease
      const take = async () => void (lease = leaseOf(only(await claim(store))))
      await step(() => insert(store, [job]))
      await step(() => store.stage(10))
      await step(take)
      await step(() => store.release([lease]))
      await step(take, () => settle(store, lease, gives.snooze(30)))
      await step(
        () => store.stage(10),
        take,
        () => settle(store, lease, { ...gives.failed, backoff: 30 }),
      )
      await step(
        () => store.stage(10),
        take,
        () => settle(store, lease, gives.ok),
      )
      await step(() => store.retry([{ tenant, ref: job.ref }]))
      await step(() => cancel(store, { tenant, ref: job.ref }))
      const [scheduled, available, executing, retryable] = ['scheduled', 'available', 'executing', 'retryable'].map((state) => `default ${state} 1`)
      expect(states).toEqual([scheduled, available, executing, available, scheduled, retryable, '', available, ''])
    })

    test('a count is never older than ten seconds', async () => {
      const { store, advance } = await harness.open()
      expect(await store.depths()).toEqual([])
      await insert(store, [aJob()])
      advance(minute)
      expect(await store.depths()).toEqual([{ queue: 'default', state: 'available', count: 1 }])
    })

    test('what was refused, rolled back or came to nothing is not counted', async () => {
      const { store, advance } = await harness.open()
      const [job, unique] = [aJob(), aUniqueJob()]
      await insert(store, [job, unique])
      await insert(store, [{ ...job, priority: 1 }, job, aUniqueJob()])
      const unit = [aJob(), { ...job, priority: 1 }].map((each) => ({ tenant, job: each, unit: 1 }))
      await store.insert(unit, [])
      await insert(store, [aJob(), { ...aJob(), args: undefined } as never]).catch(() => {})
      await store.settle([{ ...strangeLease, outcome: gives.ok }], [])
      await store.release([strangeLease])
      advance(minute)
      expect(await counted(store)).toEqual(['default available 2'])
    })

    test('of very many queues the jobs of all are counted, and go when they have ended', async () => {
      const { store, advance } = await harness.open()
      const jobs = Array.from({ length: 1_500 }, (_, i) => aJob({ queue: `q${i}` }))
      await insert(store, jobs)
      const sum = async () => {
        advance(minute)
        const depths = await store.depths()
        return depths.reduce((all, { count }) => all + count, 0)
      }
      expect(await sum()).toBe(1_500)
      const depths = await store.depths()
      expect(depths.filter(({ queue }) => queue !== null).length).toBeGreaterThanOrEqual(1_000)
      await store.cancel(jobs.map(({ ref }) => ({ tenant, ref, reason: sealedReason() })))
      expect(await sum()).toBe(0)
    })

    if (harness.survivesReopen) {
      test('a restart counts anew', async () => {
        const { store, reopen } = await harness.open()
        const failed = await start(store)
        await settle(store, failed.lease, gives.failed)
        await insert(store, [aJob(), aJob({ queue: 'q2' }), aJob({ scheduleIn: 60 })])
        await claim(store, { queue: 'q2' })
        const before = await counted(store)
        expect(before).toEqual(['default available 1', 'default retryable 1', 'default scheduled 1', 'q2 executing 1'])
        expect(await counted(await reopen())).toEqual(before)
      })
    }

    test('every transaction is told of, with its requests and the time it took', async () => {
      const commits: { requests: number; ms: number }[] = []
      const { store } = await harness.open({ committed: (commit) => commits.push(commit) })
      await Promise.all([insert(store, [aJob()]), insert(store, [aJob()]), store.read([])])
      await store.read([])
      expect(commits.reduce((sum, { requests }) => sum + requests, 0)).toBe(4)
      for (const { requests, ms } of commits) {
        expect(requests).toBeGreaterThan(0)
        expect(ms).toBeGreaterThan(0)
      }
    })

    test('the time it took is measured in fractions of a millisecond', async () => {
      const times: number[] = []
      const { store } = await harness.open({ committed: ({ ms }) => times.push(ms) })
      for (let i = 0; i < 20; i++) await store.read([])
      expect(times).toHaveLength(20)
      expect(times.filter((ms) => !Number.isInteger(ms)).length).toBeGreaterThan(10)
    })
  })
}
