import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Store } from '#server/store/store.js'
import { aJob, aUniqueJob, cancel, insert, read, settings, tenant } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

/** Two hubs' stores over the same data, and somebody else's connection to it. */
async function open(): Promise<{ here: Store; there: Store; other: pg.Client }> {
  const address = freshSchema()
  const [here, there] = await Promise.all([openStore(address, settings), openStore(address, settings)])
  const other = new pg.Client(process.env.ANCHORLEG_TEST_POSTGRES_URL)
  await other.connect()
  await other.query(`SET search_path = "${new URL(address).searchParams.get('schema')}"`)
  onTestFinished(async () => {
    await other.end()
    await Promise.all([here.close(), there.close()])
  })
  return { here, there, other }
}

/** Makes a call that has looked up all its refs and then waits for this job's row, does something else meanwhile, and lets it go on. */
function between<T>(other: pg.Client, ref: string, call: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  return behind(other, { text: 'SELECT FROM jobs WHERE ref = $1 FOR UPDATE', values: [ref] }, call, meanwhile)
}

/** Makes a call that comes to wait for a lock, does something else meanwhile, and lets it go on. */
async function behind<T>(other: pg.Client, lock: pg.QueryConfig, call: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  await other.query('BEGIN')
  await other.query(lock)
  const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const answer = call()
  const waiting = 'SELECT FROM pg_locks WHERE NOT granted AND $1 = ANY (pg_blocking_pids(pid))'
  await vi.waitFor(async () => expect((await other.query(waiting, [rows[0]?.pid])).rowCount).toBe(1), { timeout: 2_000, interval: 5 })
  await meanwhile()
  await other.query('COMMIT')
  return answer
}

test('a ref that another hub stores between the look and the write is the same job', async () => {
  const { here, there, other } = await open()
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
  const { here, there, other } = await open()
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
  const { here, there, other } = await open()
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

describe('a job that is pruned', () => {
  test('while it is submitted again is expired, and its neighbour is stored', async () => {
    const { here, other } = await open()
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
    const { here, there, other } = await open()
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
})
