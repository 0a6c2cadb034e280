import { test as base, type Page } from '@playwright/test'
import { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { PageServer } from '#e2e/harness/pageServer.js'
import type { WorkerProcess } from '#e2e/harness/workerProcess.js'

interface Fixtures {
  /** A house of the test's own; what its processes wrote is shown when a test fails. */
  readonly house: House
  readonly hub: HubProcess
  readonly worker: WorkerProcess
  /** A page whose `caller` is connected to the hub. */
  readonly caller: Page
}

/** Playwright's `test` with a hub, a worker and pages that hold the SDK. */
export const test = base.extend<Fixtures, { readonly pages: PageServer }>({
  pages: [
    async ({}, use) => {
      await using pages = await PageServer.start('browser/page/page.ts')
      await use(pages)
    },
    { scope: 'worker' },
  ],

  house: async ({}, use, testInfo) => {
    await using house = await House.build()
    await use(house)
    if (testInfo.status !== testInfo.expectedStatus) console.error(house.tail)
  },

  hub: async ({ house }, use) => use(await house.hub()),

  worker: async ({ house, hub }, use) => use(await house.worker(hub)),

  caller: async ({ page, pages, hub, worker: _running }, use) => {
    await page.goto(pages.url())
    await meet(page, hub)
    await use(page)
  },
})

/** Gives a page its caller, connected. */
export async function meet(page: Page, { url }: { url: string }): Promise<void> {
  await page.evaluate(async (hub) => {
    globalThis.caller = anchorleg.connect(hub)
    await caller.ready
  }, url)
}
