import { InvalidJobError } from '@anchorleg/client'
import { describe, expect } from 'vitest'
import { act, double, hold, slow } from '#e2e/harness/jobs.js'
import { test, untilTold } from './test.js'

describe("the seed's table, row by row", () => {
  test('async resolves with the job stored, and the same job again is the same job', async ({ client, shared }) => {
    const job = hold.new({ key: 'again', value: 1 })
    const first = await client.async(job)
    const second = await client.async(job)
    expect(second).toEqual(first)
    shared.worker.release('again')
    expect(await client.await(second)).toMatchObject({ type: 'ok', value: { value: 1, attempt: 1 } })
    expect(shared.worker.starts('again')).toBe(1)
  })

  test('an invalid job rejects async with each field named, and nothing is stored', async ({ client }) => {
    const job = double.new({ int: 'two' as never })
    const error = await client.async(job).then(
      () => expect.unreachable('async took an invalid job'),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(InvalidJobError)
    expect(error).toMatchObject({ code: 'invalid_job', ref: job.ref, issues: [{ path: ['int'], message: expect.stringContaining('number') }] })
    expect(await client.await(client.attach(job.ref))).toMatchObject({ error: { code: 'not_found' } })
  })

  test('options out of their bounds are an invalid job as well', async ({ client }) => {
    const job = double.new({ int: 2 }, { priority: 99 })
    await expect(client.async(job)).rejects.toMatchObject({ code: 'invalid_job', issues: [{ path: ['priority'] }] })
    expect(await client.await(client.attach(job.ref))).toMatchObject({ error: { code: 'not_found' } })
  })

  test('await and awaitMany time out after 5 s, and the job runs on untouched', async ({ client, shared }) => {
    const relay = await client.async(hold.new({ key: 'patience', value: 'late' }))
    await shared.worker.started('patience')
    const began = performance.now()
    const [one, [many]] = await Promise.all([client.await(relay), client.awaitMany([relay])])
    const took = performance.now() - began
    for (const result of [one, many]) expect(result).toMatchObject({ type: 'error', error: { code: 'timeout' } })
    expect(took).toBeGreaterThan(4_900)
    expect(took).toBeLessThan(6_500)
    shared.worker.release('patience')
    expect(await client.await(relay)).toMatchObject({ type: 'ok', value: { value: 'late', attempt: 1 } })
    expect(shared.worker.starts('patience')).toBe(1)
  })

  test('an explicit timeout outlasts the default', async ({ client }) => {
    expect(await client.await(client.async(slow.new({ int: 5_300 })), 30_000)).toEqual({ type: 'ok', value: 10_600 })
  })

  test('an infinite timeout does not fire at once', async ({ client, shared }) => {
    const relay = await client.async(hold.new({ key: 'forever' }))
    await shared.worker.started('forever')
    const awaited = client.await(relay, Number.POSITIVE_INFINITY)
    const long = client.await(relay, 2 ** 31)
    shared.worker.release('forever')
    expect(await awaited).toMatchObject({ type: 'ok' })
    expect(await long).toMatchObject({ type: 'ok' })
  })

  test('a timeout of 0 answers from what is stored', async ({ client, shared }) => {
    const relay = await client.async(hold.new({ key: 'now' }))
    await shared.worker.started('now')
    await expect.poll(() => client.await(relay, 0), untilTold).toMatchObject({ error: { code: 'timeout', waiting: 'running', state: 'executing' } })
    shared.worker.release('now')
    const result = await client.await(relay)
    expect(result).toMatchObject({ type: 'ok' })
    await expect.poll(() => client.await(relay, 0), untilTold).toEqual(result)
  })

  test('awaitMany keeps order and duplicates', async ({ client }) => {
    const [fast, late] = await Promise.all([client.async(double.new({ int: 1 })), client.async(slow.new({ int: 50 }))])
    const results = await client.awaitMany([late, fast, late, fast])
    expect(results.map((result) => (result.type === 'ok' ? result.value : result))).toEqual([100, 2, 100, 2])
  })

  test('awaitMany of nothing is nothing', async ({ client }) => {
    expect(await client.awaitMany([])).toEqual([])
  })

  test('a promised relay that rejects is not_submitted, and one that stays away is a timeout', async ({ client }) => {
    const invalid = client.async(double.new({ int: 'x' as never }))
    const never = new Promise<never>(() => {})
    const began = performance.now()
    const results = await client.awaitMany([client.async(double.new({ int: 2 })), invalid, never], 1_000)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(results[0]).toEqual({ type: 'ok', value: 4 })
    expect(results[1]).toMatchObject({ type: 'error', error: { code: 'not_submitted', cause: { code: 'invalid_job' } } })
    expect(results[2]).toMatchObject({ type: 'error', error: { code: 'timeout' } })
  })

  test('any worker runs a job, and its caller never knows which', async ({ client, shared, hub }) => {
    const second = await shared.house.worker(hub)
    const keys = Array.from({ length: 12 }, (_, i) => `spread-${i}`)
    const relays = await Promise.all(keys.map((key) => client.async(hold.new({ key }))))
    for (const key of keys) for (const worker of [shared.worker, second]) worker.release(key)
    const pids = (await client.awaitMany(relays)).map((result) => (result.type === 'ok' ? result.value.pid : result))
    expect(new Set(pids)).toEqual(new Set([shared.worker.pid, second.pid]))
  })

  test('no job is forgotten while the only slot is given from one to the next', async ({ house }) => {
    const hub = await house.hub()
    await house.worker(hub, { default: 1 })
    const [client, other] = [house.connect(hub), house.connect(hub)]
    for (let int = 0; int < 200; int++) {
      const unawaited = other.async(double.new({ int }))
      expect(await client.await(client.async(double.new({ int })), 3_000)).toEqual({ type: 'ok', value: int * 2 })
      await unawaited
    }
  })

  test('every awaiter of a ref gets the same, in this client and in others', async ({ client, shared, hub }) => {
    const other = shared.house.connect(hub)
    const relay = await client.async(act.new({ do: 'value', value: { deep: [1, new Date(0)] } }))
    const results = await Promise.all([client.await(relay), client.await(relay), other.await(relay), other.await(other.attach(relay.ref, act))])
    expect(results).toEqual(Array(4).fill({ type: 'ok', value: { deep: [1, new Date(0)] } }))
  })
})
