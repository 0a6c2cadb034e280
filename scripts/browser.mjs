import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installFromDebian, reasonIn } from './debian.mjs'
import { run, runModule, say } from './run.mjs'

const downloadLimitMs = 240_000

/**
 * The path of a Chromium that starts: an installed one first, then Playwright's download, then Debian's package.
 * Says what it does on the way.
 * @returns {Promise<string>}
 * @throws when none can be found or installed, with what was tried
 */
export async function findBrowser() {
  const found = await firstThatStarts(await installedOnes())
  if (found) return found
  const tried = ['no Chromium is installed (set ANCHORLEG_CHROMIUM to the path of one)']
  for (const install of [downloadWithPlaywright, () => installFromDebian('chromium')]) {
    const trouble = await install()
    if (trouble) tried.push(trouble)
    const path = await firstThatStarts(await installedOnes())
    if (path) return path
  }
  throw new Error(`The browser tests need a Chromium:\n${tried.map((line) => `  - ${line}`).join('\n')}`)
}

async function installedOnes() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const folders = (process.env.PATH ?? '').split(delimiter)
  const { chromium } = await import('@playwright/test')
  const candidates = [
    process.env.ANCHORLEG_CHROMIUM,
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
    '/usr/bin/chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    chromium.executablePath(),
  ]
  return candidates.filter((path) => path !== undefined).filter((path) => existsSync(path))
}

/** A file of the right name may be a stub that only asks for a snap, or lack its libraries. @param {string[]} paths */
async function firstThatStarts(paths) {
  for (const path of new Set(paths)) {
    const { code, output } = await run(path, ['--version'], { quiet: true, timeoutMs: 30_000 })
    if (code === 0) return path
    say(`${path} does not start: ${reasonIn(output) || `code ${code}`}`)
  }
  return undefined
}

async function downloadWithPlaywright() {
  say(`no Chromium found; downloading one with Playwright (at most ${downloadLimitMs / 60_000} minutes)`)
  const { code, output } = await runModule('playwright/cli.js', ['install', 'chromium'], { quiet: true, timeoutMs: downloadLimitMs })
  return code === 0 ? undefined : `Playwright's download failed: ${reasonIn(output) || `code ${code}`}`
}
