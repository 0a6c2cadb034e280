import type { NewJob } from '@anchorleg/client'
import { codecTag, seal } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import { act, type Deed, double, hold, nobody, shift } from '#e2e/harness/jobs.js'
import { test, untilTold } from './test.js'

const passed: { when: string; deed: Deed; gives: unknown }[] = [
  { when: 'a handler returns nothing', deed: { do: 'void' }, gives: { type: 'ok', value: undefined } },
  { when: 'a handler returns ok()', deed: { do: 'okVoid' }, gives: { type: 'ok', value: undefined } },
  { when: 'a handler returns ok(value)', deed: { do: 'ok', value: [1] }, gives: { type: 'ok', value: [1] } },
  { when: 'a handler returns a plain value', deed: { do: 'value', value: 'plain' }, gives: { type: 'ok', value: 'plain' } },
  { when: 'a handler returns cancel(reason)', deed: { do: 'cancel', value: 'why' }, gives: { type: 'cancel', reason: 'why' } },
  { when: 'a handler returns discard(reason)', deed: { do: 'discard', value: { a: 1 } }, gives: { type: 'discard', reason: { a: 1 } } },
  { when: 'a handler returns snooze(seconds)', deed: { do: 'snooze', seconds: 3_600 }, gives: { type: 'snooze', seconds: 3_600 } },
]

const lookalikes: unknown[] = [
  { type: 'error', error: { code: 'timeout', waiting: 'running', message: 'not really' } },
  { type: 'cancel', reason: 'not really' },
  { type: 'snooze', seconds: 5 },
  { type: 'ok', value: 1 },
]

describe('what a handler gives is what await returns', () => {
  for (const { when, deed, gives } of passed) {
    test(`when ${when}`, async ({ client }) => {
      expect(await client.await(client.async(act.new(deed)))).toEqual(gives)
    })
  }

  for (const value of lookalikes) {
    test(`a plain value that looks like an outcome is an ok value: ${JSON.stringify(value)}`, async ({ client }) => {
      expect(await client.await(client.async(act.new({ do: 'value', value })))).toEqual({ type: 'ok', value })
    })
  }

  test('error(reason) is an error that keeps its reason', async ({ client }) => {
    const result = await client.await(client.async(act.new({ do: 'error', value: { why: new Date(7) } })))
    expect(result).toEqual({
      type: 'error',
      error: {
        code: 'failed',
        reason: { why: new Date(7) },
        message: expect.any(String),
        attempt: 1,
        state: 'retryable',
        retryAt: expect.any(Date),
      },
    })
  })

  test('a throw is an error with its name, message, stack and cause', async ({ client }) => {
    const result = await client.await(client.async(act.new({ do: 'throw' })))
    expect(result).toMatchObject({
      type: 'error',
      error: { code: 'exception', name: 'TypeError', message: 'it broke', cause: { why: 'by intent' }, attempt: 1, state: 'retryable' },
    })
    expect(JSON.stringify(result)).toContain('handlers.js')
  })

  test('a thrown text is an error with that message', async ({ client }) => {
    expect(await client.await(client.async(act.new({ do: 'throwText' })))).toMatchObject({ error: { code: 'exception', message: 'only text' } })
  })

  test('an attempt over its timeout is job_timeout', async ({ client, shared }) => {
    const relay = await client.async(hold.new({ key: 'stuck' }, { timeout: 100 }))
    expect(await client.await(relay)).toMatchObject({ error: { code: 'job_timeout', attempt: 1, state: 'retryable' } })
    shared.worker.release('stuck')
  })

  test('the last attempt that fails discards its job', async ({ client }) => {
    const relay = await client.async(act.new({ do: 'error', value: 'last' }, { maxAttempts: 1 }))
    const result = await client.await(relay)
    expect(result).toMatchObject({ error: { code: 'failed', attempt: 1, state: 'discarded' } })
    expect(result).not.toHaveProperty('error.retryAt')
  })
})

describe('what a job is given', () => {
  test('is validated by the caller and again by the worker, and goes out as the input it was', async ({ client }) => {
    expect(await client.await(client.async(shift.new({ when: '2026-01-01T00:00:00.000Z' })))).toEqual({
      type: 'ok',
      value: '2026-01-01T00:00:00.001Z',
    })
  })

  test('is refused by the worker as invalid_args when its caller did not look', async ({ client, shared, hub }) => {
    const { ref, name } = double.new({ int: 2 })
    const careless = await shared.house.raw(hub, 'client')
    await careless.ask('submit', { jobs: [{ ref, name, codec: codecTag, args: seal({ int: 'two' }) }] })
    const result = await client.await(client.attach(ref))
    expect(result).toMatchObject({ type: 'error', error: { code: 'invalid_args', attempt: 1, state: 'discarded' } })
    expect(JSON.stringify(result)).toContain('int')
  })
})

describe('a job that waits says for what', () => {
  const waits: { for: string; job: () => NewJob; says: object }[] = [
    { for: 'no worker runs such jobs', job: () => nobody.new(), says: { waiting: 'no_worker', state: 'available' } },
    {
      for: 'no worker serves its queue',
      job: () => double.new({ int: 1 }, { queue: 'nowhere' }),
      says: { waiting: 'no_worker', state: 'available' },
    },
    { for: 'its time has not come', job: () => double.new({ int: 1 }, { scheduleIn: 3_600 }), says: { waiting: 'scheduled', state: 'scheduled' } },
  ]
  for (const { for: why, job, says } of waits) {
    test(why, async ({ client }) => {
      const relay = await client.async(job())
      await expect.poll(() => client.await(relay, 200), untilTold).toMatchObject({ type: 'error', error: { code: 'timeout', ...says } })
    })
  }

  test('the worker that could run it is busy', async ({ client, shared, hub }) => {
    const worker = await shared.house.worker(hub, { narrow: 1 })
    const [first, second] = await client.asyncMany([
      hold.new({ key: 'first' }, { queue: 'narrow' }),
      hold.new({ key: 'second' }, { queue: 'narrow' }),
    ])
    await worker.started('first')
    await expect
      .poll(() => client.await(second, 100), untilTold)
      .toMatchObject({ error: { code: 'timeout', waiting: 'at_limit', state: 'available' } })
    for (const key of ['first', 'second']) worker.release(key)
    expect(await client.awaitMany([first, second])).toMatchObject([{ type: 'ok' }, { type: 'ok' }])
  })

  test('a job scheduled for later runs when its time has come', async ({ client }) => {
    const began = Date.now()
    expect(await client.await(client.async(double.new({ int: 3 }, { scheduleIn: 1 })))).toEqual({ type: 'ok', value: 6 })
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_000)
  })
})
