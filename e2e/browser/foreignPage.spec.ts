import { expect } from '@playwright/test'
import type {} from './page/page.js'
import { test } from './test.js'

/** A name that only this browser knows, and that leads to the loopback address: the page of a stranger, over plain http. */
const stranger = 'evil.test'

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), `--host-resolver-rules=MAP ${stranger} 127.0.0.1`] })
  },
})

test("a stranger's page is refused, by its Origin, and by the name it calls the hub", async ({ page, pages, hub }) => {
  await page.goto(pages.url(stranger))
  expect(await page.evaluate(() => ({ secure: isSecureContext, randomUUID: typeof crypto.randomUUID }))).toEqual({
    secure: false,
    randomUUID: 'undefined',
  })
  const attempts = await page.evaluate(
    async (urls) =>
      Promise.all(
        urls.map(async (url) => {
          const client = anchorleg.connect(url, { submitTimeout: 1_000 })
          const job = anchorleg.double.new({ int: 1 })
          const error = await client.async(job).catch((thrown: { code: string; ref: string }) => thrown)
          await client.close()
          return { code: 'code' in error ? error.code : 'stored', minted: job.ref, ref: error.ref }
        }),
      ),
    [hub.url, `http://${stranger}:${hub.port}`],
  )
  for (const { code, minted, ref } of attempts) {
    expect(code).toBe('unreachable')
    expect(ref).toBe(minted)
    expect(minted).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
  expect(hub.program.lines(({ msg, reason }) => msg === 'peer.refused' && /Origin/.test(String(reason)))).not.toEqual([])
  expect(hub.program.lines(({ msg, reason }) => msg === 'peer.refused' && /Host/.test(String(reason)))).not.toEqual([])
  expect(hub.program.lines(({ msg }) => msg === 'peer.connected' || msg === 'job.inserted')).toEqual([])
})
