import { describe, expect } from 'vitest'
import { act, flaky, nap } from '#e2e/harness/jobs.js'
import { test, untilTold } from './test.js'

describe('a job that is retried', () => {
  test('gives its latest outcome to whoever awaits it while the retry waits', async ({ client }) => {
    const relay = await client.async(act.new({ do: 'error', value: 'first' }))
    const before = Date.now()
    const first = await client.await(relay)
    expect(first).toMatchObject({ error: { code: 'failed', reason: 'first', attempt: 1, state: 'retryable' } })
    const { retryAt } = (first as { error: { retryAt: Date } }).error
    expect(retryAt.getTime()).toBeGreaterThan(before + 15_000)
    expect(await client.await(relay)).toEqual(first)
  })

  test('keeps whoever awaits it through its retries waiting, and says so at the deadline', async ({ client }) => {
    const relay = await client.async(act.new({ do: 'error', value: 'first' }))
    await client.await(relay)
    await expect
      .poll(() => client.await(relay, { timeout: 200, withRetries: true }), untilTold)
      .toMatchObject({ error: { code: 'timeout', waiting: 'retrying', state: 'retryable' } })
  })

  test('gives the outcome that ended it to whoever awaits it through its retries', async ({ client }) => {
    const relay = await client.async(flaky.new({ failures: 3 }))
    expect(await client.await(relay, { timeout: Number.POSITIVE_INFINITY, withRetries: true })).toEqual({ type: 'ok', value: 4 })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 4 })
  })

  test('gives each of many its final outcome', async ({ client }) => {
    const relays = await client.asyncMany([flaky.new({ failures: 1 }), flaky.new({ failures: 0 }), flaky.new({ failures: 9 }, { maxAttempts: 2 })])
    expect(await client.awaitMany(relays, { timeout: Number.POSITIVE_INFINITY, withRetries: true })).toMatchObject([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 1 },
      { type: 'error', error: { code: 'failed', reason: { attempt: 2 }, attempt: 2, state: 'discarded' } },
    ])
  })

  test('has its attempts counted from 1, and ends discarded after the last', async ({ client }) => {
    const relay = await client.async(flaky.new({ failures: 99 }, { maxAttempts: 3 }))
    const final = await client.await(relay, { timeout: Number.POSITIVE_INFINITY, withRetries: true })
    expect(final).toMatchObject({ error: { code: 'failed', reason: { attempt: 3 }, attempt: 3, state: 'discarded' } })
    expect(await client.await(relay)).toEqual(final)
  })

  test('is put off by snoozes without losing an attempt', async ({ client }) => {
    const relay = await client.async(nap.new({ times: 3 }, { maxAttempts: 1 }))
    expect(await client.await(relay, { timeout: Number.POSITIVE_INFINITY, withRetries: true })).toEqual({ type: 'ok', value: 1 })
  })
})
