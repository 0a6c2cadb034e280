import { defineConfig } from '@playwright/test'
import { findBrowser } from './scripts/browser.mjs'

/** Playwright loads this file in each of its processes; the first one's answer serves the others. */
process.env.ANCHORLEG_CHROMIUM ??= await findBrowser()

const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export default defineConfig({
  testDir: 'e2e/browser',
  outputDir: 'test-results',
  timeout: 60_000,
  expect: { timeout: 10_000 },
  fullyParallel: false,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: [['list'], ['json', { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ?? 'test-results/report.json' }]],
  use: {
    headless: true,
    launchOptions: { executablePath: process.env.ANCHORLEG_CHROMIUM, args: ['--no-sandbox', ...quiet] },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
})
