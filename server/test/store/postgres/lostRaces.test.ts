import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Store } from '#server/store/store.js'
import { aJob, aUniqueJob, insert, read, settings, tenant } from '../conformance/harness.js'
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
async function between<T>(other: pg.Client, ref: string, call: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  await other.query('BEGIN')
  await other.query('SELECT FROM jobs WHERE ref = $1 FOR UPDATE', [ref])
  const { rows } = await other.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const answer = call()
  const waiting = 'SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))'
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
