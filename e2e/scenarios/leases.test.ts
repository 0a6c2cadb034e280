import { codecTag, seal } from '@anchorleg/shared'
import { describe, expect } from 'vitest'
import { double, hold } from '#e2e/harness/jobs.js'
import { test } from './test.js'

const shortLease = ['--lease', '1000']

describe('a worker that lost its lease', () => {
  test('changes nothing when it wakes and settles late: the other worker’s result stands', async ({ house }) => {
    const hub = await house.hub(shortLease)
    const client = house.connect(hub)
    const sleeper = await house.worker(hub, { default: 1, sleepers: 1 })
    const relay = await client.async(hold.new({ key: 'slept', value: 1 }))
    await sleeper.started('slept')
    sleeper.program.signal('SIGSTOP')
    const other = await house.worker(hub)
    expect(await client.await(relay, 30_000)).toMatchObject({ error: { code: 'crashed', attempt: 1, state: 'retryable' } })
    await other.started('slept', 2)
    other.release('slept')
    const final = await client.await(relay, { withRetries: true, timeout: 30_000 })
    expect(final).toEqual({ type: 'ok', value: { value: 1, attempt: 2, pid: other.pid } })
    sleeper.release('slept')
    sleeper.program.signal('SIGCONT')
    await sleeper.finished('slept')
    const alive = await client.await(client.async(double.new({ int: 2 }, { queue: 'sleepers' })), 30_000)
    expect(alive, 'the sleeper works again').toEqual({ type: 'ok', value: 4 })
    expect(await client.await(relay)).toEqual(final)
    await hub.stop('SIGTERM')
    expect(hub.program.lines(({ msg, state }) => msg === 'job.outcome' && state === 'completed')).toHaveLength(2)
  })

  test('is answered stale, and its settlement changes nothing', async ({ house }) => {
    const hub = await house.hub(shortLease)
    const client = house.connect(hub)
    const relay = await client.async(double.new({ int: 3 }))
    const silent = await house.raw(hub, 'worker')
    const { jobId, lease, attempt } = await silent.takeJob('double', 'default')
    expect(attempt).toBe(1)
    await house.worker(hub)
    const final = await client.await(relay, { withRetries: true, timeout: 30_000 })
    expect(final).toEqual({ type: 'ok', value: 6 })
    const settlements = [{ jobId, lease, outcome: { type: 'ok', codec: codecTag, value: seal('forged') } }]
    expect(await silent.ask('settle', { settlements })).toEqual(['stale'])
    expect(await silent.ask('renew', { leases: [{ jobId, lease }] })).toEqual([false])
    expect(await client.await(relay)).toEqual(final)
  })
})

describe('a worker that keeps its lease', () => {
  test('keeps a job for many times as long as a lease lasts', async ({ house }) => {
    const hub = await house.hub(shortLease)
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(hold.new({ key: 'long', value: 1 }))
    await worker.started('long')
    expect(await client.await(relay, 4_000)).toMatchObject({ error: { code: 'timeout' } })
    worker.release('long')
    expect(await client.await(relay)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: worker.pid } })
  })

  test('may say what it has settled again, and is answered the same', async ({ house }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    const relay = await client.async(double.new({ int: 3 }))
    const worker = await house.raw(hub, 'worker')
    const { jobId, lease } = await worker.takeJob('double', 'default')
    const say = (value: unknown) =>
      worker.ask('settle', { settlements: [{ jobId, lease, outcome: { type: 'ok', codec: codecTag, value: seal(value) } }] })
    expect(await say('first')).toEqual(['settled'])
    expect(await say('second')).toEqual(['settled'])
    expect(await client.await(relay)).toEqual({ type: 'ok', value: 'first' })
  })
})

describe('a worker that is asked to stop', () => {
  test('gives back what it has not finished, and another makes the same attempt', async ({ house }) => {
    const hub = await house.hub()
    const first = await house.worker(hub)
    const client = house.connect(hub)
    const relays = await client.asyncMany([hold.new({ key: 'handed', value: 1 }), double.new({ int: 2 })])
    await first.started('handed')
    expect(await first.program.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    const second = await house.worker(hub)
    second.release('handed')
    expect(await client.awaitMany(relays, { withRetries: true, timeout: 30_000 })).toEqual([
      { type: 'ok', value: { value: 1, attempt: 1, pid: second.pid } },
      { type: 'ok', value: 4 },
    ])
  })
})
