import { connect, unwrap } from '@anchorleg/client'
import { describe, expect } from 'vitest'
import { double, slow } from '#e2e/harness/jobs.js'
import { test } from './test.js'

describe("the seed's examples", () => {
  test('a job is inserted for asynchronous execution and gives a relay', async ({ client }) => {
    const job = double.new({ int: 1 })
    const relay = await client.async(job)
    expect(relay).toEqual({ ref: job.ref, conflict: false, job: { name: 'double', queue: 'default' } })
    expect(Object.isFrozen(relay)).toBe(true)
    expect(JSON.parse(JSON.stringify(relay))).toEqual(relay)
  })

  test('a relay is awaited for its result', async ({ client }) => {
    const relay = await client.async(double.new({ int: 123 }))
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 246 })
  })

  test('async is piped into await', async ({ client }) => {
    expect(await client.await(client.async(double.new({ int: 4 })))).toEqual({ type: 'ok', value: 8 })
  })

  test('await takes an explicit timeout', async ({ client }) => {
    const relay = await client.async(double.new({ int: 5 }))
    expect(await client.await(relay, 30_000)).toEqual({ type: 'ok', value: 10 })
  })

  test('a relay may go to a named instance', async ({ client, house, hub }) => {
    const other = await house.hub()
    await house.worker(other)
    const named = house.connect(other)
    const relay = await named.async(double.new({ int: 6 }))
    expect(await named.await(relay)).toEqual({ type: 'ok', value: 12 })
    expect(await client.await(relay), `the hub at ${hub.url} never heard of it`).toMatchObject({ type: 'error', error: { code: 'not_found' } })
  })

  test('three doubles awaited together give ok 2, ok 4, ok 6', async ({ client }) => {
    const results = await client.awaitMany([1, 2, 3].map((int) => client.async(double.new({ int }))))
    expect(results).toEqual([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 4 },
      { type: 'ok', value: 6 },
    ])
  })

  // The 100 ms are the seed's; a busy machine may need more for two round trips.
  test('of three slow ones awaited together for 100 ms, two are ok and the third is a timeout', { retry: 3 }, async ({ client }) => {
    const relays = await Promise.all([1, 2, 300_000_000].map((int) => client.async(slow.new({ int }))))
    const results = await client.awaitMany(relays, 100)
    expect(results).toEqual([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 4 },
      { type: 'error', error: expect.objectContaining({ code: 'timeout', message: expect.any(String) }) },
    ])
  })

  test('a result is matched as the seed matches {:ok, result}', async ({ client }) => {
    expect(unwrap(await client.await(client.async(double.new({ int: 8 }))))).toBe(16)
  })

  test('a client that nobody uses opens nothing', async ({ hub }) => {
    const idle = connect(hub.url)
    expect(idle.status).toBe('idle')
    await idle.close()
    expect(idle.status).toBe('closed')
  })
})
