import { stopwatch } from '@anchorleg/shared'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { type Store, StoreUnavailable } from '#server/store/store.js'
import { Wire } from '../../../../e2e/harness/wire.js'
import { aJob, claim, gives, insert, only, read, settings, settle, start, tenant } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

/** How long a caller of a hub waits by default, in ms. */
const callersPatience = 10_000

/** A store that reaches its database over a wire of its own, which is mended when the test ends. */
async function openOverWire(): Promise<{ store: Store; wire: Wire }> {
  const address = new URL(freshSchema())
  const wire = await Wire.open(Number(address.port))
  address.port = String(wire.port)
  const store = await openStore(address.href, settings)
  onTestFinished(async () => {
    wire.thaw()
    await store.close()
    await wire.close()
  })
  return { store, wire }
}

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
