import { describe } from 'vitest'
import { claimOrder } from './claimOrder.js'
import { closing } from './closing.js'
import { expiry } from './expiry.js'
import { failing } from './failing.js'
import type { Harness } from './harness.js'
import { idempotency } from './idempotency.js'
import { inserting } from './inserting.js'
import { leases } from './leases.js'
import { reading } from './reading.js'
import { retention } from './retention.js'
import { retries } from './retries.js'
import { settling } from './settling.js'
import { staging } from './staging.js'
import { tenants } from './tenants.js'
import { units } from './units.js'

/** What every store must pass. */
export function storeConformance(name: string, harness: Harness): void {
  const topics = [
    inserting,
    idempotency,
    units,
    claimOrder,
    tenants,
    leases,
    settling,
    retries,
    staging,
    expiry,
    retention,
    reading,
    closing,
    failing,
  ]
  describe(name, () => {
    for (const topic of topics) topic(harness)
  })
}
