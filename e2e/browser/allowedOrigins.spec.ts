import { mintToken } from '@anchorleg/server'
import { expect, type Page } from '@playwright/test'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import type {} from './page/page.js'
import { test } from './test.js'

const secret = 'a secret that is long enough to be one'

/** Names that only this browser knows, and that lead to the loopback address: two sites. */
const [app, stranger] = ['app.test', 'evil.test']

test.use({
  launchOptions: async ({ launchOptions }, use) => {
    const rules = `--host-resolver-rules=MAP ${app} 127.0.0.1, MAP ${stranger} 127.0.0.1`
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), rules] })
  },
})

/** What a page gets that submits a job and awaits it, with this token. */
function tryOut(page: Page, hub: HubProcess, token: string): Promise<unknown> {
  return page.evaluate(
    async ({ url, token }) => {
      const client = anchorleg.connect(url, { token, submitTimeout: 3_000 })
      const result = await client.await(client.async(anchorleg.slow.new({ int: 1 })), { timeout: 20_000 })
      await client.close()
      if (result.type !== 'error') return result
      const { code, cause } = result.error as { code: string; cause?: { code: string } }
      return { code, cause: cause?.code }
    },
    { url: hub.url, token },
  )
}

test('a page of an allowed origin is served, and one of a foreign origin is refused, whatever token it has', async ({ page, pages, house }) => {
  const hub = await house.hub(['--secret', secret, '--origins', pages.url(app)])
  const worker = await house.raw(hub, 'worker', { auth: { token: await mintToken(secret, { role: 'worker' }) } })
  const token = await mintToken(secret, { role: 'client', tenant: 'acme' })

  await page.goto(pages.url(stranger))
  expect(await tryOut(page, hub, token)).toEqual({ code: 'not_submitted', cause: 'unreachable' })
  expect(hub.program.lines(({ msg, reason }) => msg === 'peer.refused' && /Origin/.test(String(reason)))).not.toEqual([])
  expect(hub.program.lines(({ msg, role }) => (msg === 'peer.connected' && role === 'client') || msg === 'job.inserted')).toEqual([])

  await page.goto(pages.url(app))
  const served = tryOut(page, hub, token)
  const { jobId, lease } = await worker.takeJob('slow', 'default')
  await worker.ask('settle', { settlements: [{ jobId, lease, outcome: { type: 'ok', codec: 'd6', value: '[2]' } }] })
  expect(await served).toEqual({ type: 'ok', value: 2 })
  expect(await tryOut(page, hub, `${token.slice(0, -4)}AAAA`)).toMatchObject({ code: 'unauthorized' })
})
