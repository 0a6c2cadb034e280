import pg from 'pg'
import { onTestFinished } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Store, StoreSettings } from '#server/store/store.js'
import { settings } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

interface Pair {
  readonly here: Store
  readonly there: Store
  /** Somebody else's connection to their data. */
  readonly other: pg.Client
}

/** Two hubs' stores over the same data, the first with settings of its own, and somebody else's connection to it; closed when the test ends. */
export async function openPair(ofHere: Partial<StoreSettings> = {}): Promise<Pair> {
  const address = freshSchema()
  const [here, there] = await Promise.all([openStore(address, { ...settings, ...ofHere }), openStore(address, settings)])
  const other = new pg.Client(process.env.ANCHORLEG_TEST_POSTGRES_URL)
  await other.connect()
  await other.query(`SET search_path = "${new URL(address).searchParams.get('schema')}"`)
  onTestFinished(async () => {
    await other.end()
    await Promise.all([here.close(), there.close()])
  })
  return { here, there, other }
}
