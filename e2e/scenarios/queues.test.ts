import type { Client, Relay } from '@anchorleg/client'
import { createHub } from '@anchorleg/server'
import { describe, expect } from 'vitest'
import { act, double, hold, nobody, spell } from '#e2e/harness/jobs.js'
import { mostAtOnce } from '#e2e/harness/overlap.js'
import { test } from './test.js'

const soon = { timeout: 10_000, interval: 20 }

/** How many of these jobs are in each state. */
async function states(client: Client, relays: readonly Relay[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { state } of await Promise.all(relays.map((relay) => client.inspect(relay)))) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

const spells = (queue: string, count: number, ms: number) =>
  Array.from({ length: count }, (_, i) => spell.new({ key: `${queue} ${i}`, ms: ms + (i % 7) }, { queue }))

describe('a queue’s limit', () => {
  test('across all workers is never exceeded, and is used up', async ({ client, shared, hub }) => {
    const queue = 'limited'
    const operator = await shared.house.operator(hub)
    expect(await operator.limit(queue, 3)).toEqual([{ queue, paused: false, limit: 3 }])
    const workers = [await shared.house.worker(hub, { [queue]: 5 }), await shared.house.worker(hub, { [queue]: 5 })]
    const relays = await client.asyncMany(spells(queue, 60, 15))
    expect(await client.awaitMany(relays, 30_000)).toEqual(relays.map(() => ({ type: 'ok', value: 1 })))
    expect(mostAtOnce(workers)).toBe(3)
    for (const worker of workers) expect(worker.program.lines(({ msg }) => msg === 'started').length).toBeGreaterThan(0)
  })

  test('of each worker is its slots', async ({ client, shared, hub }) => {
    const queue = 'slots'
    const workers = [await shared.house.worker(hub, { [queue]: 2 }), await shared.house.worker(hub, { [queue]: 3 })]
    const relays = await client.asyncMany(spells(queue, 40, 15))
    await client.awaitMany(relays, 30_000)
    expect(workers.map((worker) => mostAtOnce([worker]))).toEqual([2, 3])
    expect(mostAtOnce(workers)).toBe(5)
  })

  test('holds from the moment it is changed: lower stops nothing that runs, higher lets more start', async ({ client, shared, hub }) => {
    const queue = 'changed'
    const operator = await shared.house.operator(hub)
    const worker = await shared.house.worker(hub, { [queue]: 10 })
    const keys = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${queue} ${letter}`)
    await operator.limit(queue, 2)
    const relays = await client.asyncMany(keys.map((key) => hold.new({ key }, { queue })))
    await Promise.all(keys.slice(0, 2).map((key) => worker.started(key)))
    expect(await client.inspect(relays[2] as Relay)).toMatchObject({ state: 'available', waiting: 'at_limit' })
    await operator.limit(queue, 1)
    worker.release(keys[0] as string)
    await client.await(relays[0] as Relay)
    expect(await states(client, relays)).toEqual({ completed: 1, executing: 1, available: 3 })
    await operator.limit(queue, null)
    await Promise.all(keys.slice(2).map((key) => worker.started(key)))
    for (const key of keys) worker.release(key)
    expect(await client.awaitMany(relays)).toMatchObject(keys.map(() => ({ type: 'ok', value: { attempt: 1 } })))
    expect(await operator.queues()).toContainEqual({ queue, paused: false, limit: null })
  })

  test('is kept over a restart of the hub', async ({ house }) => {
    const hub = await house.hub()
    await (await house.operator(hub)).limit('default', 1)
    await hub.restart('SIGKILL')
    const workers = [await house.worker(hub), await house.worker(hub)]
    const client = house.connect(hub)
    await client.awaitMany(await client.asyncMany(spells('default', 20, 5)), 30_000)
    expect(mostAtOnce(workers)).toBe(1)
  })
})

describe('a paused queue', () => {
  test('starts nothing once the pause is answered, though many are under way; those finish; resumed, it goes on', async ({ client, shared, hub }) => {
    const queue = 'paused in full flight'
    const operator = await shared.house.operator(hub)
    await shared.house.worker(hub, { [queue]: 4 })
    const relays = await client.asyncMany(spells(queue, 200, 10))
    await client.await(relays[8] as Relay)
    expect(await operator.pause(queue)).toEqual([{ queue, paused: true, limit: null }])
    const { available } = await states(client, relays)
    expect(available).toBeGreaterThan(0)
    await expect.poll(() => states(client, relays), soon).toEqual({ available, completed: 200 - (available ?? 0) })
    expect(await client.inspect(relays.at(-1) as Relay)).toMatchObject({ waiting: 'queue_paused' })
    const elsewhere = client.await(client.async(double.new({ int: 1 })))
    expect(await elsewhere).toEqual({ type: 'ok', value: 2 })
    // More that comes meanwhile waits as well.
    const late = await client.async(spell.new({ key: 'late', ms: 0 }, { queue }))
    expect(await client.inspect(late)).toMatchObject({ state: 'available', waiting: 'queue_paused' })
    expect(await states(client, relays)).toMatchObject({ available })
    await operator.resume(queue)
    expect(await client.awaitMany([...relays, late], 30_000)).toEqual(Array(201).fill({ type: 'ok', value: 1 }))
  })

  test('lets what runs finish, and its retry wait', async ({ client, shared, hub }) => {
    const queue = 'paused with one'
    const operator = await shared.house.operator(hub)
    const worker = await shared.house.worker(hub, { [queue]: 4 })
    const running = await client.async(hold.new({ key: 'runs on', value: 1 }, { queue }))
    await worker.started('runs on')
    await operator.pause(queue)
    worker.release('runs on')
    expect(await client.await(running)).toMatchObject({ type: 'ok', value: { attempt: 1 } })
  })

  test('is paused still after a restart of the hub, by kill or by stop', async ({ house }) => {
    const hub = await house.hub()
    await (await house.operator(hub)).pause('default')
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) await hub.restart(signal)
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(double.new({ int: 3 }))
    expect(await client.inspect(relay)).toMatchObject({ state: 'available', waiting: 'queue_paused', attempt: 0 })
    const operator = await house.operator(hub)
    expect(await operator.queues()).toEqual([{ queue: 'default', paused: true, limit: null }])
    await operator.resume('default')
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 6 })
    expect(worker.program.lines(({ msg }) => msg === 'started')).toEqual([])
  })
})

describe('a job that waits says for what, in a timeout and when it is inspected', () => {
  const told = async (client: Client, relay: Relay, waiting: string, state: string) => {
    expect(await client.inspect(relay)).toMatchObject({ waiting, state })
    await expect
      .poll(() => client.await(relay, { timeout: 50, withRetries: true }), soon)
      .toMatchObject({ error: { code: 'timeout', waiting, state } })
  }

  test('its queue is paused', async ({ client, shared, hub }) => {
    const queue = 'told paused'
    await (await shared.house.operator(hub)).pause(queue)
    await shared.house.worker(hub, { [queue]: 1 })
    await told(client, await client.async(double.new({ int: 1 }, { queue })), 'queue_paused', 'available')
  })

  test('its queue is at its limit across all workers', async ({ client, shared, hub }) => {
    const queue = 'told limited'
    await (await shared.house.operator(hub)).limit(queue, 1)
    const worker = await shared.house.worker(hub, { [queue]: 5 })
    const [first, second] = await client.asyncMany([hold.new({ key: queue }, { queue }), double.new({ int: 1 }, { queue })])
    await worker.started(queue)
    await told(client, first, 'running', 'executing')
    await told(client, second, 'at_limit', 'available')
    worker.release(queue)
    expect(await client.await(second)).toEqual({ type: 'ok', value: 2 })
  })

  test('no worker runs it, its time has not come, it is to be retried', async ({ client }) => {
    await told(client, await client.async(nobody.new()), 'no_worker', 'available')
    await told(client, await client.async(double.new({ int: 1 }, { scheduleIn: 3_600 })), 'scheduled', 'scheduled')
    const failed = await client.async(act.new({ do: 'error', value: 1 }))
    await client.await(failed)
    await told(client, failed, 'retrying', 'retryable')
  })

  test('nothing, once it has ended', async ({ client }) => {
    const relay = await client.async(double.new({ int: 1 }))
    await client.await(relay)
    expect(await client.inspect(relay)).toMatchObject({ waiting: null, state: 'completed', finishedAt: expect.any(Date) })
  })
})

describe('an embedded hub', () => {
  test('pauses, resumes and limits its queues, and reopens a job', async ({ house }) => {
    await using hub = await createHub({ store: `sqlite:${house.folder}/embedded.db`, port: 0 }).listen()
    await hub.pause('default')
    await hub.limit('default', 2)
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relays = await client.asyncMany(spells('default', 20, 5))
    const first = relays[0] as Relay
    expect(await client.inspect(first)).toMatchObject({ waiting: 'queue_paused' })
    expect(await hub.retry(first.ref)).toBe(false)
    await hub.resume('default')
    await client.awaitMany(relays, 30_000)
    expect(mostAtOnce([worker])).toBe(2)
    expect(await hub.retry(first.ref)).toBe(true)
    await expect.poll(() => client.inspect(first), soon).toMatchObject({ state: 'completed', attempt: 2 })
  })
})
