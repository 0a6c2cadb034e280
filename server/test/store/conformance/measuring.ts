import { describe, expect, test } from 'vitest'
import { aJob, claim, gives, type Harness, insert, minute, settle, start } from './harness.js'

/** What metrics are made of. */
export function measuring(harness: Harness): void {
  describe('measuring', () => {
    test('jobs that have not ended are counted by queue and state', async () => {
      const { store } = await harness.open()
      const done = await start(store)
      await settle(store, done.lease, gives.ok)
      const failed = await start(store)
      await settle(store, failed.lease, gives.failed)
      await insert(store, [aJob(), aJob(), aJob(), aJob({ scheduleIn: 60 }), aJob({ queue: 'q2' }), aJob({ queue: 'q2', scheduleIn: 60 })])
      await claim(store)
      const depths = await store.depths()
      const lines = depths.map(({ queue, state, count }) => `${queue} ${state} ${count}`).sort()
      expect(lines).toEqual([
        'default available 2',
        'default executing 1',
        'default retryable 1',
        'default scheduled 1',
        'q2 available 1',
        'q2 scheduled 1',
      ])
    })

    test('a count is never older than ten seconds', async () => {
      const { store, advance } = await harness.open()
      expect(await store.depths()).toEqual([])
      await insert(store, [aJob()])
      advance(minute)
      expect(await store.depths()).toEqual([{ queue: 'default', state: 'available', count: 1 }])
    })

    test('every transaction is told of, with its requests and the time it took', async () => {
      const commits: { requests: number; ms: number }[] = []
      const { store } = await harness.open({ committed: (commit) => commits.push(commit) })
      await Promise.all([insert(store, [aJob()]), insert(store, [aJob()]), store.read([])])
      await store.read([])
      expect(commits.reduce((sum, { requests }) => sum + requests, 0)).toBe(4)
      for (const { requests, ms } of commits) {
        expect(requests).toBeGreaterThan(0)
        expect(ms).toBeGreaterThanOrEqual(0)
      }
    })
  })
}
