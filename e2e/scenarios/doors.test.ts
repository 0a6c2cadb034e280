import { request } from 'node:http'
import { codecTag, seal } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import { act, double } from '#e2e/harness/jobs.js'
import { test } from './test.js'

interface Asked {
  readonly path: string
  readonly headers?: Record<string, string>
}

/** One plain request to the loopback address; a response that upgrades counts as well. */
function ask(port: number, { path, headers = {} }: Asked): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    asked.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode, text: '' })
    })
    asked.on('error', reject).end()
  })
}

const upgrade = {
  path: '/socket.io/?EIO=4&transport=websocket',
  headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
}

describe('the probes', () => {
  for (const path of ['/healthz', '/readyz', '/readyz?full']) {
    test(`${path} is 200 while the hub works`, async ({ hub }) => {
      expect((await ask(hub.port, { path })).status).toBe(200)
    })
  }

  test('what is not there is 404', async ({ hub }) => {
    expect((await ask(hub.port, { path: '/metrics/../etc/passwd' })).status).toBe(404)
  })

  test('nothing answers once the hub has ended', async ({ house }) => {
    const hub = await house.hub()
    expect((await ask(hub.port, { path: '/readyz' })).status).toBe(200)
    await hub.stop('SIGTERM')
    await expect(ask(hub.port, { path: '/healthz' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('what a hub writes about its work', () => {
  test('tells neither refs nor args, results or leases, however much it writes', async ({ house }) => {
    const hub = await house.hub(['--log-level', 'trace'])
    const worker = await house.raw(hub, 'worker')
    const client = house.connect(hub)
    const relay = await client.async(act.new({ do: 'value', value: 'secret args' }))
    const { jobId, lease } = await worker.takeJob('act', 'default')
    const outcome = { type: 'ok', codec: codecTag, value: seal('secret result') }
    await worker.ask('settle', { settlements: [{ jobId, lease: '0'.repeat(32), outcome }] })
    await worker.ask('settle', { settlements: [{ jobId, lease, outcome }] })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 'secret result' })
    await hub.stop('SIGTERM')
    for (const msg of ['job.inserted', 'job.claimed', 'settle.stale', 'job.outcome'])
      expect(hub.program.lines((line) => line.msg === msg)).toHaveLength(1)
    for (const secret of [relay.ref, lease, 'secret args', 'secret result']) expect(hub.program.output).not.toContain(secret)
  })
})

describe('a hub that authenticates nobody', () => {
  test('lets loopback names and pages in', async ({ hub }) => {
    for (const headers of [{}, { host: `localhost:${hub.port}` }, { origin: 'http://localhost:5173' }, { origin: 'http://127.0.0.1:1' }]) {
      expect((await ask(hub.port, { ...upgrade, headers: { ...upgrade.headers, ...headers } })).status).toBe(101)
    }
  })

  const foreign: Record<string, string>[] = [
    { host: 'evil.test' },
    { host: 'localhost.evil.test:4040' },
    { origin: 'http://evil.test' },
    { origin: 'https://127.0.0.1.evil.test' },
    { origin: 'null' },
    { origin: 'file://' },
  ]
  for (const headers of foreign) {
    test(`refuses a WebSocket with ${JSON.stringify(headers)}`, async ({ hub }) => {
      const { status } = await ask(hub.port, { ...upgrade, headers: { ...upgrade.headers, ...headers } })
      expect(status).toBe(400)
    })

    test(`refuses a probe with ${JSON.stringify(headers)}`, async ({ hub }) => {
      const { status, text } = await ask(hub.port, { path: '/readyz', headers })
      expect(status).toBe(403)
      expect(text).toMatch(/loopback/)
    })
  }

  test('speaks over WebSockets only', async ({ hub }) => {
    expect((await ask(hub.port, { path: '/socket.io/?EIO=4&transport=polling' })).status).toBe(400)
  })

  test('refuses a page as a worker, though it takes it as a caller', async ({ shared, hub }) => {
    const headers = { origin: `http://127.0.0.1:${hub.port}` }
    await expect(shared.house.raw(hub, 'worker', { headers })).rejects.toMatchObject({ refusal: { code: 'forbidden' } })
    const caller = await shared.house.raw(hub, 'client', { headers })
    expect(caller.socket.connected).toBe(true)
  })

  test('ends a connection that sends what is no message, and serves the others', async ({ client, shared, hub }) => {
    const rude = await shared.house.raw(hub, 'client')
    const cut = new Promise((resolve) => rude.socket.once('disconnect', resolve))
    rude.socket.emit('submit', { jobs: [] })
    expect(await cut).toBe('transport close')
    const curious = await shared.house.raw(hub, 'client')
    await expect(curious.ask('drop tables', {})).rejects.toMatchObject({ refusal: { code: 'invalid_message' } })
    await expect(curious.ask('submit', { jobs: 'all' })).rejects.toMatchObject({ refusal: { code: 'invalid_message' } })
    expect(await client.await(client.async(double.new({ int: 2 })))).toEqual({ type: 'ok', value: 4 })
  })
})
