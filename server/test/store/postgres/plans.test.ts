import { expect, test } from 'vitest'
import { aJob, aWish, gives, leasesOf, settlement, tenant } from '../conformance/harness.js'
import { openPair } from './openPair.js'

test('what is asked of a table that was all but empty when it was first asked is not asked so once it has filled', async () => {
  const { here: store, other } = await openPair()
  await other.query('ALTER TABLE jobs SET (autovacuum_enabled = off)')
  const run = async (count: number) => {
    const jobs = Array.from({ length: count }, () => ({ tenant, job: aJob() }))
    const { claimed } = await store.insert(jobs, [aWish({ limit: count })])
    const leases = leasesOf(claimed)
    await store.settle(
      leases.map((lease) => settlement(lease, gives.ok)),
      [],
    )
    return leases.length
  }
  await run(1)
  await other.query('VACUUM ANALYZE jobs')
  await run(1)
  await other.query(`INSERT INTO jobs (ref, due_at, inserted_at, finished_at, max_attempts, priority, tenant, queue, name, state, codec, fingerprint, tags, meta, args)
    SELECT gen_random_uuid(), 0, 0, 0, 1, 0, 'old', '', '', 'completed', '', '', '[]', '{}', '' FROM generate_series(1, 20000)`)
  // A second of work, after which plans are made anew.
  const begun = performance.now()
  while (performance.now() - begun < 1_200) await run(1)
  await run(1)

  const counts = async () => {
    const { rows } = await other.query<{ read: number; updated: number }>(
      `SELECT (SELECT idx_tup_read::integer FROM pg_stat_user_indexes WHERE schemaname = current_schema() AND indexrelname = 'jobs_pkey') AS read,
         (SELECT n_tup_upd::integer FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = 'jobs') AS updated`,
    )
    return rows[0] ?? expect.fail('no statistics')
  }
  /** The server counts a little later, and for all of a transaction at once. */
  const settled = async (before: number, more: number) => {
    await expect.poll(async () => (await counts()).updated - before, { timeout: 10_000, interval: 100 }).toBeGreaterThanOrEqual(more)
    return counts()
  }
  await run(1)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await run(1)
  const before = await counts()
  expect(await run(100)).toBe(100)
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  await store.read([])
  const after = await settled(before.updated, 100)
  expect(after.read - before.read).toBeLessThan(10_000)
}, 30_000)
