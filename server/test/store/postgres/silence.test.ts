import { stopwatch } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { type Store, StoreUnavailable } from '#server/store/store.js'
import { aJob, claim, gives, insert, only, read, settle, start, tenant } from '../conformance/harness.js'
import { openOverWire } from './openOverWire.js'

/** How long a caller of a hub waits by default, in ms. */
const callersPatience = 10_000

/** Asks several things at once and one after the other; each is refused before a caller would have given up. */
async function expectRefusedInTime(store: Store): Promise<void> {
  const refused = async (call: () => Promise<unknown>) => {
    const asked = stopwatch.now()
    await expect(call()).rejects.toBeInstanceOf(StoreUnavailable)
    expect(stopwatch.now() - asked).toBeLessThan(callersPatience)
  }
  const calls = [() => insert(store, [aJob()]), () => claim(store), () => store.emit([]), () => store.read([]), () => store.expire(1)]
  await Promise.all(calls.map(refused))
  // Now there is no connection, and none can be had.
  await refused(() => insert(store, [aJob()]))
}

test('a database that falls silent refuses calls before their callers give up; when it answers again the store works', {
  timeout: 60_000,
}, async () => {
  const { store, wire } = await openOverWire()
  const { lease, lookup } = await start(store)
  wire.freeze()
  await expectRefusedInTime(store)
  wire.thaw()
  expect(await settle(store, lease, gives.ok)).toMatchObject({ type: 'settled' })
  expect(await read(store, lookup)).toMatchObject({ type: 'known', job: { state: 'completed' } })
})

test('silent connections that break in the end are opened again', { timeout: 60_000 }, async () => {
  const { store, wire } = await openOverWire()
  wire.freeze()
  await expectRefusedInTime(store)
  wire.cut()
  wire.thaw()
  const job = aJob()
  expect(await insert(store, [job])).toMatchObject([{ type: 'inserted' }])
  expect(only(await claim(store))).toMatchObject({ attempt: 1 })
  expect(await read(store, { tenant, ref: job.ref })).toMatchObject({ type: 'known' })
})
