import { mintLease } from '@anchorleg/shared'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Announcement, Lookup, Settled, Store } from '#server/store/store.js'
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
  settlement,
  start,
  tenant,
} from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

const hub = mintLease()

/** Two hubs' stores over the same data: one of a hub whose name is known. */
async function open(): Promise<{ here: Store; there: Store; address: string }> {
  const address = freshSchema()
  const [here, there] = await Promise.all([openStore(address, { ...settings, hub }), openStore(address, settings)])
  onTestFinished(async () => {
    await Promise.all([here.close(), there.close()])
  })
  return { here, there, address }
}

function elsewhereOf(settled: readonly Settled[]): Announcement['elsewhere'] {
  const [each] = settled
  if (each?.type !== 'settled' || !each.announcement) throw new Error(`expected an announcement, got ${JSON.stringify(settled)}`)
  return each.announcement.elsewhere
}

const end = (store: Store, lease: Parameters<typeof settlement>[0], outcome: Parameters<typeof settlement>[1] = gives.ok) =>
  store.settle([settlement(lease, outcome)], [])

const readings: Record<string, (store: Store, lookup: Lookup) => Promise<unknown>> = {
  'has read of it': (store, lookup) => read(store, lookup),
  'watches it': (store, lookup) => store.watch([lookup]),
}

test('what becomes of a job is told to no other hub when none has read of it', async () => {
  const { here } = await open()
  const { lease, lookup } = await start(here)
  await read(here, lookup)
  expect(elsewhereOf((await end(here, lease)).settled)).toBeUndefined()
})

test('of a job that another hub has stored, that one is told', async () => {
  const { here, there } = await open()
  await insert(here, [aJob()])
  const first = only(await claim(there))
  expect(elsewhereOf((await end(there, leaseOf(first), gives.failed)).settled)).toEqual({ hub })
})

test.each(Object.keys(readings))('of a job every hub is told when one that has not stored it %s', async (name) => {
  const { here, there } = await open()
  const { lease, lookup } = await start(here)
  await readings[name]?.(there, lookup)
  expect(elsewhereOf((await end(here, lease)).settled)).toBe('everywhere')
})

test('every hub is told of a job that is read of under an alias', async () => {
  const { here, there } = await open()
  const [first, second] = [aUniqueJob(), aUniqueJob()]
  await insert(here, [first])
  await insert(there, [second])
  await read(there, { tenant, ref: second.ref })
  expect(await cancel(here, { tenant, ref: first.ref })).toMatchObject({ type: 'cancelled', announcement: { elsewhere: 'everywhere' } })
})

test('a job that another hub may have read of is not claimed unseen', async () => {
  const { here, there } = await open()
  const [mine, seen, theirs] = [aJob(), aJob(), aJob()]
  await insert(here, [mine, seen])
  await insert(there, [theirs])
  await read(there, { tenant, ref: seen.ref })
  const claimed = await here.claim([aWish({ limit: 3 })])
  expect(claimed.map(({ unseen }) => unseen)).toEqual([true, false, false])
})

test('a hub that reads of a job while it ends either finds it ended or is told', async () => {
  const { here, there, address } = await open()
  const other = new pg.Client(process.env.ANCHORLEG_TEST_POSTGRES_URL)
  await other.connect()
  onTestFinished(() => other.end())
  await other.query(`SET search_path = "${new URL(address).searchParams.get('schema')}"`)
  const waiting = async () => {
    // Within a transaction the server would go on showing what it showed first.
    await other.query('SELECT pg_stat_clear_snapshot()')
    return (await other.query('SELECT FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0 AND datname = current_database()')).rowCount
  }
  for (const order of [['end', 'read'] as const, ['read', 'end'] as const]) {
    const { lease, lookup } = await start(here)
    const steps = { end: () => end(here, lease), read: () => read(there, lookup) }
    await other.query('BEGIN')
    await other.query('SELECT FROM jobs WHERE ref = $1 FOR UPDATE', [lookup.ref])
    const first = steps[order[0]]()
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThanOrEqual(1), { timeout: 2_000, interval: 5 })
    const second = steps[order[1]]()
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThanOrEqual(2), { timeout: 2_000, interval: 5 })
    await other.query('COMMIT')
    const [one, two] = await Promise.all([first, second])
    const [settled, reading] = (order[0] === 'end' ? [one, two] : [two, one]) as [Awaited<ReturnType<typeof end>>, Awaited<ReturnType<typeof read>>]
    const isTold = elsewhereOf(settled.settled) === 'everywhere'
    const isFound = reading.type === 'known' && reading.latest !== null
    expect(isTold || isFound, order.join(', ')).toBe(true)
  }
})
