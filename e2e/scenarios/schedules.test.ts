import type { Client, Relay } from '@anchorleg/client'
import { describe, expect } from 'vitest'
import { double, play, spell } from '#e2e/harness/jobs.js'
import { forever, test } from './test.js'

/** How late a job may start, in ms: 100 by promise, and what a busy machine may add. */
const slackMs = 100 + 400

/** How long after it was due each job's attempt began, in ms. */
async function lateness(client: Client, relays: readonly Relay[]): Promise<number[]> {
  const jobs = await Promise.all(relays.map((relay) => client.inspect(relay)))
  return jobs.map(({ attemptedAt, scheduledAt }) => (attemptedAt?.getTime() ?? Number.NaN) - scheduledAt.getTime())
}

describe('a job for later', () => {
  test('starts so many seconds after it was stored, not before and soon after', async ({ client }) => {
    const relay = await client.async(double.new({ int: 1 }, { scheduleIn: 0.8 }))
    expect(await client.inspect(relay)).toMatchObject({ state: 'scheduled', waiting: 'scheduled', attempt: 0 })
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 2 })
    const { insertedAt, scheduledAt } = await client.inspect(relay)
    expect(scheduledAt.getTime() - insertedAt.getTime()).toBe(800)
    const [late] = await lateness(client, [relay])
    expect(late).toBeGreaterThanOrEqual(0)
    expect(late).toBeLessThan(slackMs)
  })

  test('starts at its date, and each of many at its own, whichever was submitted first', async ({ client }) => {
    const from = Date.now() + 500
    const dates = Array.from({ length: 60 }, (_, i) => new Date(from + ((i * 37) % 60) * 25))
    const relays = await client.asyncMany(dates.map((scheduledAt, int) => double.new({ int }, { scheduledAt })))
    expect(await client.awaitMany(relays, forever)).toEqual(dates.map((_, int) => ({ type: 'ok', value: int * 2 })))
    const jobs = await Promise.all(relays.map((relay) => client.inspect(relay)))
    expect(jobs.map(({ scheduledAt }) => scheduledAt)).toEqual(dates)
    const late = await lateness(client, relays)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...late)).toBeLessThan(slackMs)
  })

  test('whose date is past starts at once', async ({ client }) => {
    const relay = await client.async(double.new({ int: 1 }, { scheduledAt: new Date(1_000) }))
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 2 })
  })

  test('that came due while no hub was there starts with the next', async ({ house }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    const relay = await client.async(double.new({ int: 4 }, { scheduleIn: 0.2 }))
    const { scheduledAt } = await client.inspect(relay)
    await hub.stop('SIGKILL')
    await expect.poll(() => Date.now()).toBeGreaterThan(scheduledAt.getTime())
    await hub.start()
    await house.worker(hub)
    expect(await client.await(relay, 30_000)).toEqual({ type: 'ok', value: 8 })
  })
})

describe('jobs that wait for one slot start', () => {
  test('by priority, then by when they were due, then by age', async ({ client, shared, hub }) => {
    const queue = 'in order'
    const plan = [
      { key: 'last', options: { priority: 9 } },
      { key: 'fourth', options: { priority: 1 } },
      { key: 'fifth', options: { priority: 1 } },
      { key: 'third', options: { priority: 1, scheduledAt: new Date(2_000) } },
      { key: 'second', options: { priority: 1, scheduledAt: new Date(1_000) } },
      { key: 'first', options: { priority: 0 } },
    ]
    const relays: Relay<number>[] = []
    for (const { key, options } of plan) relays.push(await client.async(spell.new({ key, ms: 0 }, { queue, ...options })))
    const worker = await shared.house.worker(hub, { [queue]: 1 })
    expect(await client.awaitMany(relays)).toEqual(plan.map(() => ({ type: 'ok', value: 1 })))
    const order = worker.program.lines(({ msg }) => msg === 'started').map(({ key }) => key)
    expect(order).toEqual(['first', 'second', 'third', 'fourth', 'fifth', 'last'])
  })
})

describe('a job that snoozes', () => {
  test('is scheduled anew, its attempt given back, and starts when its time has come', async ({ client }) => {
    const relay = await client.async(play.new({ runs: [[{ snooze: 0.8 }], [{ snooze: 0 }], []] }, { maxAttempts: 1 }))
    expect(await client.await(relay)).toEqual({ type: 'snooze', seconds: 0.8 })
    expect(await client.inspect(relay)).toMatchObject({ state: 'scheduled', waiting: 'scheduled', attempt: 0, meta: { snoozed: 1 }, errors: [] })
    const { scheduledAt } = await client.inspect(relay)
    expect(await client.await(relay, { withRetries: true })).toEqual({ type: 'ok', value: 1 })
    const { meta, attempt, attemptedAt } = await client.inspect(relay)
    expect({ meta, attempt }).toEqual({ meta: { snoozed: 2 }, attempt: 1 })
    expect(attemptedAt?.getTime()).toBeGreaterThanOrEqual(scheduledAt.getTime())
  })
})
