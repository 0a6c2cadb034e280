import { onTestFinished } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Store } from '#server/store/store.js'
import { Wire } from '../../../../e2e/harness/wire.js'
import { settings } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

/** A store that reaches its database over a wire of its own, and one that reaches the same data without; closed when the test ends. */
export async function openOverWire(): Promise<{ store: Store; there: Store; wire: Wire }> {
  const address = new URL(freshSchema())
  const there = await openStore(address.href, settings)
  const wire = await Wire.open(Number(address.port))
  address.port = String(wire.port)
  const store = await openStore(address.href, settings)
  onTestFinished(async () => {
    wire.thaw()
    await Promise.all([store.close(), there.close()])
    await wire.close()
  })
  return { store, there, wire }
}
