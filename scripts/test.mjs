import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { runModule, say } from './run.mjs'
import { add, lineOf, none, tallyOfPlaywright } from './tally.mjs'

/** The whole suite: what `npm run check` checks, then the browser tests. The last line is the sum. */
async function test() {
  await prepare()
  const { findBrowser } = await import('./browser.mjs')
  const { check } = await import('./check.mjs')
  const browser = await findBrowser().catch((error) => {
    console.error(error.message)
    return undefined
  })
  if (browser) say(`the browser tests will use ${browser}`)
  const checked = await check()
  return add(checked, browser ? await browserTests(browser) : { ...none, failed: 1 })
}

/** @param {string} browser */
async function browserTests(browser) {
  const folder = mkdtempSync(join(tmpdir(), 'anchorleg-test-'))
  const report = join(folder, 'playwright.json')
  const env = { ANCHORLEG_CHROMIUM: browser, PLAYWRIGHT_JSON_OUTPUT_FILE: report }
  const { code } = await runModule('@playwright/test/cli.js', ['test'], { env })
  const tally = tallyOfPlaywright(report, code)
  rmSync(folder, { recursive: true, force: true })
  return tally
}

const tally = await test().catch((error) => {
  console.error(error instanceof Error ? error.message : error)
  return { ...none, failed: 1 }
})
console.log(lineOf(tally))
process.exitCode = tally.failed === 0 ? 0 : 1
