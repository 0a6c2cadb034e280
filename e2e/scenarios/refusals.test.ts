import { createServer } from 'node:net'
import { describe, expect } from 'vitest'
import { double } from '#e2e/harness/jobs.js'
import { PeerRefused } from '#e2e/harness/rawPeer.js'
import { test } from './test.js'

/** A port of this machine where nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('a hub that cannot be reached', () => {
  test('rejects async as unreachable with the ref, after submitTimeout', async ({ house }) => {
    const client = house.connect({ url: `http://127.0.0.1:${await deadPort()}` }, { submitTimeout: 400 })
    const job = double.new({ int: 1 })
    const began = performance.now()
    await expect(client.async(job)).rejects.toMatchObject({ name: 'RelayError', code: 'unreachable', ref: job.ref })
    expect(performance.now() - began).toBeGreaterThan(350)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('makes an await of such a promise not_submitted', async ({ house }) => {
    const client = house.connect({ url: `http://127.0.0.1:${await deadPort()}` }, { submitTimeout: 300 })
    const job = double.new({ int: 1 })
    expect(await client.await(client.async(job))).toMatchObject({
      type: 'error',
      error: { code: 'not_submitted', cause: { code: 'unreachable', ref: job.ref } },
    })
  })

  test('makes an await of a known ref a timeout that waits for the connection', async ({ house }) => {
    const client = house.connect({ url: `http://127.0.0.1:${await deadPort()}` })
    const began = performance.now()
    const result = await client.await(client.attach(double.new({ int: 1 }).ref), 300)
    expect(result).toMatchObject({ type: 'error', error: { code: 'timeout', waiting: 'disconnected' } })
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('does not hinder the same job from being submitted later', async ({ house }) => {
    const hub = await house.hub()
    await hub.stop('SIGKILL')
    const client = house.connect(hub, { submitTimeout: 1_500 })
    const job = double.new({ int: 4 })
    await expect(client.async(job)).rejects.toMatchObject({ code: 'unreachable' })
    await hub.start()
    await house.worker(hub)
    await client.ready
    const relay = await client.async(job)
    expect(relay).toMatchObject({ ref: job.ref, conflict: false })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 8 })
  })
})

describe('a ref that is taken', () => {
  test('by other content is ref_conflict, and the job that has it stays as it was', async ({ client }) => {
    const job = double.new({ int: 3 })
    await client.async(job)
    for (const other of [double.new({ int: 4 }, { ref: job.ref }), double.new({ int: 3 }, { ref: job.ref, priority: 5 })]) {
      await expect(client.async(other)).rejects.toMatchObject({ code: 'ref_conflict', ref: job.ref })
    }
    expect(await client.await(client.attach(job.ref))).toEqual({ type: 'ok', value: 6 })
  })

  test('refuses one of a turn and stores its neighbours', async ({ client }) => {
    const stored = double.new({ int: 1 })
    await client.async(stored)
    const jobs = [double.new({ int: 2 }), double.new({ int: 9 }, { ref: stored.ref }), double.new({ int: 3 })]
    const settled = await Promise.allSettled(jobs.map((job) => client.async(job)))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await client.awaitMany(jobs.map(({ ref }) => client.attach(ref)))).toEqual([2, 1, 3].map((int) => ({ type: 'ok', value: int * 2 })))
  })
})

describe('an SDK of another protocol version', () => {
  for (const peer of ['client', 'worker'] as const) {
    test(`is refused as a ${peer}, with both versions named`, async ({ shared, hub }) => {
      const refused = await shared.house.raw(hub, peer, { auth: { protocol: { min: 99, max: 99 } } }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(PeerRefused)
      const { refusal } = refused as PeerRefused
      expect(refusal).toMatchObject({ code: 'forbidden', message: expect.stringMatching(/version 1;.*version 99/) })
    })
  }

  test('is refused when it names no version at all', async ({ shared, hub }) => {
    const refused = shared.house.raw(hub, 'client', { auth: { protocol: 'newest' as never } })
    await expect(refused).rejects.toMatchObject({ refusal: { code: 'forbidden' } })
  })

  test('is let in when its range holds a common one', async ({ shared, hub }) => {
    const peer = await shared.house.raw(hub, 'client', { auth: { protocol: { min: 0, max: 99 } } })
    expect(peer.socket.connected).toBe(true)
  })
})
