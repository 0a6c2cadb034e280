import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { judgedFor } from '#server/store/store.js'
import { Wire } from '../../../../e2e/harness/wire.js'
import { leaseOf, settings, start } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

test('what was asked to expire before a stall takes nothing after it', async () => {
  const short = { ...settings, leaseMs: 1_000 }
  const address = new URL(freshSchema())
  const there = await openStore(address.href, short)
  const wire = await Wire.open(Number(address.port))
  address.port = String(wire.port)
  const here = await openStore(address.href, short)
  onTestFinished(async () => {
    wire.thaw()
    await Promise.all([here.close(), there.close()])
    await wire.close()
  })
  const { assignment } = await start(there)
  const passed = async (ms: number) => {
    const from = there.now()
    await expect.poll(() => there.now(), { interval: 20, timeout: 5_000 }).toBeGreaterThan(from + ms)
  }
  await passed(short.leaseMs)
  await here.read([])
  wire.freeze()
  const asked = here.expire(10)
  await passed(judgedFor(short))
  wire.thaw()
  expect(await asked).toEqual([])
  expect(await here.expire(10)).toMatchObject([{ lease: leaseOf(assignment) }])
})
