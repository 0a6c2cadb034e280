import { test as base, expect } from 'vitest'
import { House } from '#e2e/harness/house.js'
import { describe } from '#e2e/history/checkHistory.js'
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
