import type { Client } from '@anchorleg/client'
import { test as base } from 'vitest'
import { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import type { WorkerProcess } from '#e2e/harness/workerProcess.js'

/** What the tests of one file share as long as they kill none of it: a hub, a worker with ten slots, a connected caller. */
interface Shared {
  readonly house: House
  readonly hub: HubProcess
  readonly worker: WorkerProcess
  readonly client: Client
}

/**
 * How long to repeat an await until its timeout says what the job waits for. The hub is asked that for 100 ms only, and a
 * busy machine may miss them.
 */
export const untilTold = { timeout: 10_000, interval: 100 }

/** Awaits without a deadline: at one, an await asks where its job stands, which would hide that the hub never told it. */
export const forever = { timeout: Number.POSITIVE_INFINITY }

/** Vitest's `test`, with a house of the test's own as `house`, and the file's `shared` one; what they wrote is shown when a test fails. */
export const test = base.extend<{ $file: { shared: Shared }; $test: { house: House; hub: HubProcess; client: Client } }>({
  shared: [
    async ({}, use) => {
      await using house = await House.build()
      const hub = await house.hub()
      const worker = await house.worker(hub)
      const client = house.connect(hub)
      await client.ready
      await use({ house, hub, worker, client })
    },
    { scope: 'file' },
  ],

  house: async ({ onTestFailed }, use) => {
    await using house = await House.build()
    onTestFailed(() => console.error(house.tail))
    await use(house)
  },

  hub: async ({ shared, onTestFailed }, use) => {
    onTestFailed(() => console.error(shared.house.tail))
    await use(shared.hub)
  },

  client: async ({ shared, onTestFailed }, use) => {
    onTestFailed(() => console.error(shared.house.tail))
    await use(shared.client)
  },
})
