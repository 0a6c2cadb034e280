import { mintLease } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import type { Announcement, Lookup, Settled, Store } from '#server/store/store.js'
import { aJob, aUniqueJob, aWish, cancel, claim, gives, insert, leaseOf, only, read, settlement, start, tenant } from '../conformance/harness.js'
import { openPair } from './openPair.js'

const hub = mintLease()

/** Two hubs' stores over the same data: the first of a hub whose name is known. */
const open = () => openPair({ hub })

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

test.each(['ends first', 'is read first'])('a hub that reads of a job while it ends either finds it ended or is told: %s', async (order) => {
  const { here, there, other } = await open()
  const { lease, lookup } = await start(here)
  // Neither gets beyond the job's row for a while.
  await other.query('BEGIN')
  await other.query('SELECT FROM jobs WHERE ref = $1 FOR UPDATE', [lookup.ref])
  const steps = [() => end(here, lease), () => read(there, lookup)]
  const asked = (order === 'ends first' ? steps : steps.reverse()).map((step) => step())
  await new Promise((resolve) => setTimeout(resolve, 50))
  await other.query('COMMIT')
  const [settled, reading] = (order === 'ends first' ? await Promise.all(asked) : (await Promise.all(asked)).reverse()) as [
    Awaited<ReturnType<typeof end>>,
    Awaited<ReturnType<typeof read>>,
  ]
  const isTold = elsewhereOf(settled.settled) === 'everywhere'
  const isFound = reading.type === 'known' && reading.latest !== null
  expect(isTold || isFound).toBe(true)
})

test('to read of a job waits for nobody who holds it', async () => {
  const { here, there, other } = await open()
  const { lookup } = await start(here)
  await other.query('BEGIN')
  await other.query('SELECT FROM jobs WHERE ref = $1 FOR UPDATE', [lookup.ref])
  expect(await read(there, lookup)).toMatchObject({ type: 'known', job: { state: 'executing' } })
  await other.query('COMMIT')
})
