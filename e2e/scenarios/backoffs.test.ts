import type { Client, Relay } from '@anchorleg/client'
import { describe, expect } from 'vitest'
import { fussy, play } from '#e2e/harness/jobs.js'
import { forever, test } from './test.js'

/** How long a job of these tests may take to come to where it is wanted, in ms. */
const soon = { timeout: 10_000, interval: 20 }

/** Its failed attempts, once there are so many. */
async function failures(client: Client, relay: Relay, count: number) {
  await expect.poll(async () => (await client.inspect(relay)).errors.length, soon).toBe(count)
  return (await client.inspect(relay)).errors
}

/** Seconds from a failure to the retry it announced. */
const wait = ({ at, retryAt }: { at: Date; retryAt?: Date }) => ((retryAt?.getTime() ?? Number.NaN) - at.getTime()) / 1_000

describe('a failed attempt announces its retry', () => {
  const ladder = [
    { attempt: 1, maxAttempts: 20, base: 17 },
    { attempt: 2, maxAttempts: 20, base: 19 },
    { attempt: 5, maxAttempts: 6, base: 47 },
    { attempt: 2, maxAttempts: 40, base: 17 },
  ]
  for (const { attempt, maxAttempts, base } of ladder) {
    test(`by default after ${base} s and up to a tenth more: attempt ${attempt} of ${maxAttempts}`, async ({ client }) => {
      const waits = [...Array(attempt - 1).fill(0), null]
      const relay = await client.async(fussy.new({ waits }, { maxAttempts }))
      const errors = await failures(client, relay, attempt)
      const announced = wait(errors.at(-1) as (typeof errors)[number])
      expect(announced).toBeGreaterThanOrEqual(base)
      expect(announced).toBeLessThanOrEqual(base * 1.1 + 0.001)
      expect(await client.inspect(relay)).toMatchObject({ state: 'retryable', waiting: 'retrying', attempt, scheduledAt: errors.at(-1)?.retryAt })
    })
  }

  test('after what its definition says, and it runs then and not before', async ({ client }) => {
    const relay = await client.async(fussy.new({ waits: [0.7, 0.3] }))
    const [first, second] = await failures(client, relay, 2)
    expect(await client.await(relay, { withRetries: true })).toEqual({ type: 'ok', value: 3 })
    expect([first, second].map((error) => error && wait(error))).toEqual([0.7, 0.3])
    const { attemptedAt } = await client.inspect(relay)
    const late = (attemptedAt?.getTime() ?? 0) - (second?.retryAt?.getTime() ?? 0)
    expect(late).toBeGreaterThanOrEqual(0)
    expect(late).toBeLessThan(600)
  })

  test('at no more than thirty days, whatever its definition says', async ({ client }) => {
    const relay = await client.async(fussy.new({ waits: [1e12] }))
    const [error] = await failures(client, relay, 1)
    expect(error && wait(error)).toBe(30 * 86_400)
  })
})

describe('a job keeps its errors', () => {
  test('one for each failed attempt, with its time, code, message and stack', async ({ client }) => {
    const began = Date.now()
    const runs = [[{ throw: 'out of range' }], [{ fail: { why: 'second' } }], [{ wait: 'never' }], []]
    const relay = await client.async(play.new({ runs }, { timeout: 300 }))
    expect(await client.await(relay, { withRetries: true, timeout: 10_000 })).toEqual({ type: 'ok', value: 4 })
    const { errors, state, waiting, attempt, finishedAt } = await client.inspect(relay)
    expect({ state, waiting, attempt }).toEqual({ state: 'completed', waiting: null, attempt: 4 })
    expect(errors).toMatchObject([
      {
        code: 'exception',
        name: 'RangeError',
        message: 'out of range',
        attempt: 1,
        state: 'retryable',
        stack: expect.stringContaining('handlers.js'),
      },
      { code: 'failed', reason: { why: 'second' }, message: expect.any(String), attempt: 2, state: 'retryable' },
      { code: 'job_timeout', message: expect.stringContaining('300'), attempt: 3, state: 'retryable' },
    ])
    const times = [began, ...errors.map(({ at }) => at.getTime()), finishedAt?.getTime() ?? 0]
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('the last hundred of them', async ({ client }) => {
    const relay = await client.async(play.new({ runs: Array(104).fill([{ fail: 'again' }]) }, { maxAttempts: 200 }))
    expect(await client.await(relay, { withRetries: true, timeout: 30_000 })).toEqual({ type: 'ok', value: 105 })
    const { errors } = await client.inspect(relay)
    expect(errors.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 100 }, (_, i) => i + 5))
  })
})

describe('who awaits a job that is retried', () => {
  test('gets the next outcome while there is none, then the latest, even while a retry runs; or the final one', async ({ client, shared }) => {
    const runs = [[{ wait: 'latest 1' }, { fail: 1 }], [{ wait: 'latest 2' }, { fail: 2 }], [{ wait: 'latest 3' }]]
    const relay = await client.async(play.new({ runs }))
    const [next, final] = [client.await(relay, forever), client.await(relay, { ...forever, withRetries: true })]
    shared.worker.release('latest 1')
    const first = await next
    expect(first).toMatchObject({ error: { code: 'failed', reason: 1, attempt: 1 } })
    await expect.poll(() => client.inspect(relay), soon).toMatchObject({ state: 'executing', attempt: 2, waiting: 'running' })
    expect(await client.await(relay)).toEqual(first)
    shared.worker.release('latest 2')
    await failures(client, relay, 2)
    expect(await client.await(relay)).toMatchObject({ error: { reason: 2, attempt: 2 } })
    shared.worker.release('latest 3')
    expect(await final).toEqual({ type: 'ok', value: 3 })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 3 })
  })

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`to its end gets it through failures, a snooze, a restart of the hub (${signal}) and lost connections`, async ({ house }) => {
      const hub = await house.hub()
      const wire = await house.wire(hub)
      const worker = await house.worker(hub)
      const client = house.connect(wire)
      const runs = [[{ fail: 1 }], [{ snooze: 0 }], [{ wait: 'third' }, { fail: 2 }], [{ wait: 'fourth' }, { throw: 'almost' }], []]
      const relay = await client.async(play.new({ runs }))
      const final = client.await(relay, { ...forever, withRetries: true })
      await expect.poll(() => client.inspect(relay), soon).toMatchObject({ state: 'executing', attempt: 2, meta: { snoozed: 1 } })
      await hub.restart(signal)
      worker.release('third')
      await expect.poll(() => client.inspect(relay), { ...soon, timeout: 30_000 }).toMatchObject({ state: 'executing', attempt: 3 })
      wire.cut({ down: true })
      worker.release('fourth')
      await hub.program.line(({ msg, state }) => msg === 'job.outcome' && state === 'completed')
      wire.mend()
      expect(await final).toEqual({ type: 'ok', value: 4 })
    })
  }
})
