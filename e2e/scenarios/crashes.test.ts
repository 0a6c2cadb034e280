import { describe, expect } from 'vitest'
import { crash, double, hold } from '#e2e/harness/jobs.js'
import { test } from './test.js'

/** The grace in which a worker may come back, how often leases are looked over, and what a busy machine may add. */
const graceMs = 2_000
const slackMs = 500 + 2_000

describe('a worker that dies in mid-job', () => {
  test('ends that attempt as crashed within the grace, and another worker makes the next one', async ({ client, shared, hub }) => {
    const doomed = await shared.house.worker(hub, { doomed: 1 })
    const relay = await client.async(hold.new({ key: 'killed', value: 1 }, { queue: 'doomed' }))
    await doomed.started('killed')
    const began = performance.now()
    await doomed.program.stop('SIGKILL')
    const result = await client.await(relay, 30_000)
    const took = performance.now() - began
    expect(result).toMatchObject({ type: 'error', error: { code: 'crashed', attempt: 1, state: 'retryable' } })
    expect(took).toBeGreaterThan(graceMs - 500)
    expect(took).toBeLessThan(graceMs + slackMs)
    const heir = await shared.house.worker(hub, { doomed: 1 })
    heir.release('killed')
    expect(await client.await(relay, { withRetries: true })).toEqual({ type: 'ok', value: { value: 1, attempt: 2, pid: heir.pid } })
  })

  for (const how of ['exit', 'kill'] as const) {
    test(`by its own handler (${how}) in the last attempt discards the job`, async ({ client, shared, hub }) => {
      const queue = `ended by ${how}`
      const worker = await shared.house.worker(hub, { [queue]: 1 })
      const relay = await client.async(crash.new({ how, times: 9 }, { queue, maxAttempts: 1 }))
      const result = await client.await(relay, 30_000)
      expect(result).toMatchObject({ type: 'error', error: { code: 'crashed', attempt: 1, state: 'discarded' } })
      expect(await worker.program.ended).toEqual(how === 'exit' ? { code: 7, signal: null } : { code: null, signal: 'SIGKILL' })
      expect(await client.await(relay)).toEqual(result)
    })
  }

  test('by a handler that never lets go loses the job, which another worker makes', async ({ house }) => {
    const hub = await house.hub(['--lease', '1000'])
    const client = house.connect(hub)
    await house.worker(hub, { default: 1 })
    const relay = await client.async(crash.new({ how: 'hang', times: 1 }, { timeout: 300 }))
    expect(await client.await(relay, 30_000)).toMatchObject({ error: { code: 'crashed', attempt: 1, state: 'retryable' } })
    await house.worker(hub)
    expect(await client.await(relay, { withRetries: true, timeout: 30_000 })).toEqual({ type: 'ok', value: 2 })
  })

  test('keeps its other jobs too: each is crashed, none is lost', async ({ client, shared, hub }) => {
    const doomed = await shared.house.worker(hub, { many: 5 })
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => `many ${letter}`)
    const relays = await client.asyncMany(keys.map((key) => hold.new({ key, value: key }, { queue: 'many' })))
    await Promise.all(keys.slice(0, 5).map((key) => doomed.started(key)))
    await doomed.program.stop('SIGKILL')
    const heir = await shared.house.worker(hub, { many: 10 })
    for (const key of keys) heir.release(key)
    const results = await client.awaitMany(relays, { withRetries: true, timeout: 30_000 })
    expect(results).toEqual(keys.map((key, i) => ({ type: 'ok', value: { value: key, attempt: i < 5 ? 2 : 1, pid: heir.pid } })))
  })

  test('is missed by nobody else: the hub and its other workers go on', async ({ client }) => {
    expect(await client.await(client.async(double.new({ int: 2 })))).toEqual({ type: 'ok', value: 4 })
  })
})
