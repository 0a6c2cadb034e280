import type pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '#server/store/store.js'
import {
  aJob,
  aUniqueJob,
  aWish,
  cancel,
  claim,
  gives,
  insert,
  leaseOf,
  only,
  read,
  settings,
  settle,
  settlement,
  start,
  tenant,
} from '../conformance/harness.js'
import { openPair } from './openPair.js'

/** Makes a call that has looked up all its refs and then waits for this job's row, does something else meanwhile, and lets it go on. */
function between<T>(other: pg.Client, ref: string, call: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  return behind(other, { text: 'SELECT FROM jobs WHERE ref = $1 FOR UPDATE', values: [ref] }, call, meanwhile)
}

/** Makes a call that comes to wait for a lock, does something else meanwhile, and lets it go on. */
async function behind<T>(other: pg.Client, lock: pg.QueryConfig, call: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  await other.query('BEGIN')
  await other.query(lock)
  const answer = call()
  await waiting(other, 1)
  await meanwhile()
  await other.query('COMMIT')
  return answer
}

/** Waits until so many wait for a lock of this connection, or for each other behind it; answers with their processes, the first one first. */
function waiting(other: pg.Client, count: number): Promise<number[]> {
  const behind = `WITH RECURSIVE behind (pid, place) AS (SELECT pg_backend_pid(), 0
      UNION SELECT pg_locks.pid, place + 1 FROM behind JOIN pg_locks ON NOT granted AND behind.pid = ANY (pg_blocking_pids(pg_locks.pid)) WHERE place < 3)
    SELECT pid FROM behind WHERE place > 0 GROUP BY pid ORDER BY max(place)`
  const look = async () => {
    const { rows } = await other.query<{ pid: number }>(behind)
    expect(rows).toHaveLength(count)
    return rows.map(({ pid }) => pid)
  }
  return vi.waitFor(look, { timeout: 2_000, interval: 5 })
}

test('a ref that another hub stores between the look and the write is the same job', async () => {
  const { here, there, other } = await openPair()
  const [old, job] = [aJob(), aJob()]
  await insert(here, [old])
  const call = () =>
    here.insert(
      [old, job].map((each) => ({ tenant, job: each, unit: 1 })),
      [],
    )
  const { inserted } = await between(other, old.ref, call, () => insert(there, [job]))
  const reading = await read(there, { tenant, ref: job.ref })
  expect(inserted).toMatchObject([{ type: 'existing' }, { type: 'existing', conflict: false, jobId: reading.type === 'known' && reading.job.jobId }])
})

test('a ref that another hub stores with other content, while it is becoming an alias here, is refused', async () => {
  const { here, there, other } = await openPair()
  const [holder, alias] = [aUniqueJob(), aUniqueJob()]
  await insert(here, [holder])
  const inserted = await between(
    other,
    holder.ref,
    () => insert(here, [alias]),
    () => insert(there, [aJob({ ref: alias.ref, priority: 7 })]),
  )
  expect(inserted).toMatchObject([{ type: 'refused', refusal: { code: 'ref_conflict' } }])
})

test('a ref that becomes an alias on another hub, while it is becoming one here, leads to one job', async () => {
  const { here, there, other } = await openPair()
  const [holder, alias, another] = [aUniqueJob(), aUniqueJob(), aUniqueJob({ key: 'other' })]
  await insert(here, [holder, another])
  const inserted = await between(
    other,
    holder.ref,
    () => insert(here, [alias]),
    () => insert(there, [{ ...another, ref: alias.ref }]),
  )
  expect(inserted).toMatchObject([{ type: 'refused', refusal: { code: 'ref_conflict' } }])
})

describe('an alias that is stored while its job is settled at another hub', () => {
  /** Settles at one hub and stores an alias at the other, which reads of it then: each waits for the job's row, in this order if it waits at all. */
  async function both(order: readonly ('settle' | 'alias')[], unique: Parameters<typeof aUniqueJob>[0] = {}) {
    const { here, there, other } = await openPair()
    const [job, alias] = [aUniqueJob(unique), aUniqueJob(unique)]
    await insert(here, [job])
    const lease = leaseOf(only(await claim(there)))
    const steps = {
      settle: () => settle(there, lease, gives.ok),
      alias: async () => ({ inserted: only(await insert(here, [alias])), reading: await read(here, { tenant, ref: alias.ref }) }),
    }
    await other.query('BEGIN')
    await other.query('SELECT FROM jobs WHERE ref = $1 FOR NO KEY UPDATE', [job.ref])
    const under: Partial<{ [K in keyof typeof steps]: ReturnType<(typeof steps)[K]> }> = {}
    for (const [i, step] of order.entries()) {
      const call = steps[step]()
      Object.assign(under, { [step]: call })
      await Promise.race([call, waiting(other, i + 1)])
    }
    await other.query('COMMIT')
    const [settled, stored] = await Promise.all([under.settle, under.alias])
    const announcement = settled?.type === 'settled' ? settled.announcement : null
    return { ...stored, refs: announcement?.refs, alias: alias.ref }
  }

  const states = ['executing', 'completed'] as const

  test('finds it ended where the settle came first', async () => {
    const { inserted, reading, refs, alias } = await both(['settle', 'alias'], { states: [...states] })
    expect(reading).toMatchObject({ type: 'known', latest: { type: 'ok' } })
    expect(inserted).toMatchObject({ type: 'existing', conflict: true, state: 'completed' })
    expect(refs).not.toContain(alias)
  })

  test('is told of the outcome where it came first', async () => {
    const { inserted, refs, alias } = await both(['alias', 'settle'], { states: [...states] })
    expect(refs).toContain(alias)
    expect(inserted).toMatchObject({ type: 'existing', conflict: true, state: 'executing' })
  })

  test('is a job of its own where the key was taken only as long as that ran', async () => {
    const { inserted, reading, refs, alias } = await both(['settle', 'alias'])
    expect(inserted).toMatchObject({ type: 'inserted', conflict: false })
    expect(reading).toMatchObject({ job: { state: 'available' }, latest: null })
    expect(refs).not.toContain(alias)
  })
})

describe('a job that is pruned', () => {
  test('while it is submitted again is expired, and its neighbour is stored', async () => {
    const { here, other } = await openPair()
    const [old, fresh] = [aJob(), aJob()]
    await insert(here, [old])
    const inserted = await between(
      other,
      old.ref,
      () => insert(here, [old, fresh]),
      async () => {
        await other.query('DELETE FROM jobs WHERE ref = $1', [old.ref])
        await other.query('INSERT INTO tombstones (tenant, ref, expires_at) VALUES ($1, $2, $3)', [
          tenant,
          old.ref,
          Date.now() + settings.tombstoneMs,
        ])
      },
    )
    expect(inserted).toMatchObject([{ type: 'refused', refusal: { code: 'expired' } }, { type: 'inserted' }])
  })

  test('takes along an alias that was stored after it had been found', async () => {
    const { here, there, other } = await openPair()
    const [job, alias] = [aUniqueJob(), aUniqueJob()]
    await insert(here, [job, alias])
    await cancel(here, { tenant, ref: job.ref })
    await other.query('UPDATE jobs SET finished_at = 0 WHERE ref = $1', [job.ref])
    const lead = 'UPDATE jobs SET alias_of = CASE WHEN $2 THEN (SELECT id FROM jobs WHERE finished_at = 0) ELSE 0 END WHERE ref = $1'
    await other.query(lead, [alias.ref, false])
    const lock = { text: 'LOCK TABLE unique_keys IN ACCESS EXCLUSIVE MODE' }
    const pruned = await behind(
      other,
      lock,
      () => here.prune(10),
      () => other.query(lead, [alias.ref, true]),
    )
    expect(pruned).toEqual([job, alias].map(({ ref }) => ({ tenant, ref })))
    expect(await read(there, { tenant, ref: alias.ref })).toEqual({ type: 'expired' })
  })

  /** A job that has outlived its retention, and a prune that has deleted it, is not committed, and waits. */
  async function pruning() {
    const { here, there, other } = await openPair()
    const job = aJob()
    const lookup = { tenant, ref: job.ref }
    const outlive = async () => {
      await cancel(here, lookup)
      await other.query('UPDATE jobs SET finished_at = 0')
    }
    await insert(here, [job])
    await outlive()
    await other.query('BEGIN; LOCK TABLE turns IN EXCLUSIVE MODE')
    const pruned = here.prune(10)
    pruned.catch(() => {})
    const [pid] = await waiting(other, 1)
    return { here, there, other, job, lookup, outlive, pruned, pid }
  }

  test('is expired for a submit that waits for its deletion', async () => {
    const { there, other, job, lookup, pruned } = await pruning()
    const inserted = insert(there, [job])
    await waiting(other, 2)
    await other.query('COMMIT')
    expect(await pruned).toEqual([lookup])
    expect(await inserted).toMatchObject([{ type: 'refused', refusal: { code: 'expired' } }])
    expect(await read(there, lookup)).toEqual({ type: 'expired' })
  })

  test('and was reopened once it had its tombstone is kept', async () => {
    const { here, there, other } = await openPair()
    const job = aJob()
    await insert(here, [job])
    await cancel(here, { tenant, ref: job.ref })
    await other.query(`UPDATE jobs SET finished_at = 0;
      CREATE FUNCTION reopen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE jobs SET state = ''available'', finished_at = NULL; RETURN NULL; END';
      CREATE TRIGGER reopen AFTER INSERT ON tombstones EXECUTE FUNCTION reopen()`)
    expect(await here.prune(10)).toEqual([])
    expect(await read(there, { tenant, ref: job.ref })).toMatchObject({ type: 'known', job: { state: 'available' } })
    expect(await insert(there, [job])).toMatchObject([{ type: 'existing', state: 'available' }])
  })

  test('and is left halfway is as it was, can run again, and is pruned another time', async () => {
    const { here, there, other, job, lookup, outlive, pruned, pid } = await pruning()
    await other.query('SELECT pg_terminate_backend($1)', [pid])
    await expect(pruned).rejects.toBeInstanceOf(StoreUnavailable)
    await other.query('COMMIT')
    expect((await other.query('SELECT FROM tombstones')).rowCount, 'it has a tombstone').toBe(1)
    expect(await insert(there, [job])).toMatchObject([{ type: 'existing', state: 'cancelled' }])
    expect(await there.retry([lookup])).toMatchObject([{ type: 'retried' }])
    expect(await here.prune(10)).toEqual([])
    expect(await read(there, lookup)).toMatchObject({ type: 'known', job: { state: 'available' } })
    expect(await insert(there, [job])).toMatchObject([{ type: 'existing', state: 'available' }])
    await outlive()
    expect(await here.prune(10)).toEqual([lookup])
    expect(await insert(there, [job])).toMatchObject([{ type: 'refused', refusal: { code: 'expired' } }])
  })
})

test('a settlement whose claims meet a deadlock is tried again, and stands', async () => {
  const { here, other } = await openPair()
  const { lease, lookup } = await start(here)
  await other.query('BEGIN')
  // As one who changes the queue holds it.
  await other.query("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' queue default', 0))")
  const answer = here.settle([settlement(lease, gives.ok)], [aWish()])
  await waiting(other, 1)
  // Who waited first is the first to find that they wait for each other.
  await other.query('SELECT FROM jobs WHERE ref = $1 FOR UPDATE', [lookup.ref])
  await other.query('COMMIT')
  expect((await answer).settled).toMatchObject([{ type: 'settled', announcement: { state: 'completed' } }])
})

test('a new job waits while its queue is being paused, and then does not run', async () => {
  const { here, other } = await openPair()
  const change = { text: "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' queue default', 0))" }
  const pause = () => other.query("INSERT INTO queues (name, paused) VALUES ('default', true)")
  const { inserted, claimed } = await behind(other, change, () => here.insert([{ tenant, job: aJob() }], [aWish()]), pause)
  expect(inserted).toMatchObject([{ type: 'inserted', state: 'available' }])
  expect(claimed).toEqual([])
})
