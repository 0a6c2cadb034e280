import { onTestFinished } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { settings } from '../conformance/harness.js'
import { sharedStore } from '../conformance/sharedStore.js'
import { freshSchema } from './freshSchema.js'

sharedStore('the PostgreSQL store', async () => {
  const skew = new Float64Array(new SharedArrayBuffer(8))
  const address = freshSchema()
  // Together: the schema is made once.
  const [here, there] = await Promise.all([openStore(address, { ...settings, skew }), openStore(address, { ...settings, skew })])
  onTestFinished(async () => {
    await Promise.all([here.close(), there.close()])
  })
  return {
    here,
    there,
    advance(ms) {
      skew[0] = (skew[0] ?? 0) + ms
    },
  }
})
