import { test as base, expect, vi } from 'vitest'
import type { Load } from '#e2e/faults/load.js'
import { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { checkHistory, describe } from '#e2e/history/checkHistory.js'
import type { Event } from '#e2e/history/event.js'
import type { Finding } from '#e2e/history/finding.js'

/** Vitest's `test`, with a house of the test's own; what its processes wrote is shown when the test fails. */
export const test = base.extend<{ house: House }>({
  house: async ({ onTestFailed }, use) => {
    await using house = await House.build()
    onTestFailed(() => console.error(house.tail))
    await use(house)
  },
})

/** Fails with what was found, in words. */
export function expectSound(findings: readonly Finding[]): void {
  expect(describe(findings)).toBe('')
}

/** Waits until each of these hubs says that it can work, or each that it cannot. */
export async function expectReady(hubs: readonly HubProcess[], isReady: boolean): Promise<void> {
  const statuses = () => Promise.all(hubs.map(async ({ url }) => (await fetch(`${url}/readyz`)).status))
  const wanted = hubs.map(() => (isReady ? 200 : 503))
  await vi.waitFor(async () => expect(await statuses()).toEqual(wanted), { timeout: 10_000, interval: 100 })
}

/** The load goes on for a while, by itself; then all is looked at: what happened, and whether the hubs that are left can work. */
export async function expectWhole(load: Load, left = load.hubs): Promise<Event[]> {
  await load.more(60)
  const events = await load.finish()
  expectSound(checkHistory(events))
  await expectReady(left, true)
  return events
}
