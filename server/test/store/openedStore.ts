import { onTestFinished } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Store, StoreSettings } from '#server/store/store.js'
import { type Opened, settings } from './conformance/harness.js'

/** Opens a store at an address for one test, with a clock that the test moves. */
export async function openedStore(address: string, changed: Partial<StoreSettings> = {}): Promise<Opened> {
  const skew = new Float64Array(new SharedArrayBuffer(8))
  const open = () => openStore(address, { ...settings, ...changed, skew })
  let store: Store = await open()
  onTestFinished(() => store.close())
  return {
    store,
    advance(ms) {
      skew[0] = (skew[0] ?? 0) + ms
    },
    async reopen() {
      // As a hub does that stops: a place in a limited queue would be left to it for a while.
      await store.leaveLine((await store.queues()).map(({ queue }) => queue))
      await store.close()
      store = await open()
      return store
    },
  }
}
