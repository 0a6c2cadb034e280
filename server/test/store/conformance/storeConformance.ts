import { describe } from 'vitest'
import { aliases } from './aliases.js'
import { attending } from './attending.js'
import { cancelling } from './cancelling.js'
import { chunks } from './chunks.js'
import { claimingAlong } from './claimingAlong.js'
import { claimOrder } from './claimOrder.js'
import { closing } from './closing.js'
import { expiry } from './expiry.js'
import { failing } from './failing.js'
import type { Harness } from './harness.js'
import { idempotency } from './idempotency.js'
import { inserting } from './inserting.js'
import { inspecting } from './inspecting.js'
import { leases } from './leases.js'
import { measuring } from './measuring.js'
import { progress } from './progress.js'
import { queues } from './queues.js'
import { reading } from './reading.js'
import { reopening } from './reopening.js'
import { retention } from './retention.js'
import { retries } from './retries.js'
import { settling } from './settling.js'
import { staging } from './staging.js'
import { tenants } from './tenants.js'
import { uniqueness } from './uniqueness.js'
import { units } from './units.js'
import { watching } from './watching.js'

/** What every store must pass. */
export function storeConformance(name: string, harness: Harness): void {
  const topics = [
    inserting,
    idempotency,
    units,
    uniqueness,
    aliases,
    claimingAlong,
    claimOrder,
    tenants,
    queues,
    leases,
    settling,
    retries,
    cancelling,
    reopening,
    staging,
    expiry,
    retention,
    reading,
    progress,
    chunks,
    watching,
    inspecting,
    attending,
    measuring,
    closing,
    failing,
  ]
  describe(name, () => {
    for (const topic of topics) topic(harness)
  })
}
