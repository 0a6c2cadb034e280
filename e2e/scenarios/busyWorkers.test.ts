import { describe } from 'vitest'
import { busy, double, hold } from '#e2e/harness/jobs.js'
import { test } from './test.js'

describe.concurrent('a worker with free slots whose thread is busy for longer than a lease', () => {
  test('costs the jobs it is sent no attempt: another makes them, and it keeps the one it runs', async ({ house, expect }) => {
    const hub = await house.hub(['--lease', '4000'])
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const long = await client.async(busy.new({ key: 'long', ms: 10_000 }, { maxAttempts: 1 }))
    await worker.started('long')
    const relays = await client.asyncMany([1, 2, 3].map((int) => double.new({ int }, { maxAttempts: 1 })))
    await hub.program.line(({ msg, jobs }) => msg === 'worker.overdue' && jobs === 3)
    for (const relay of relays) {
      await expect.poll(() => client.inspect(relay)).toMatchObject({ state: 'available', waiting: 'no_worker', attempt: 0 })
    }
    const other = await house.worker(hub)
    expect(await client.awaitMany(relays, 30_000)).toEqual([2, 4, 6].map((value) => ({ type: 'ok', value })))
    expect(worker.program.lines(({ msg }) => msg === 'finished')).toEqual([])
    expect(await client.await(long, 30_000)).toEqual({ type: 'ok', value: 1 })
    await other.program.stop('SIGTERM')
    expect(await client.await(client.async(double.new({ int: 4 })), 10_000)).toEqual({ type: 'ok', value: 8 })
    expect(hub.program.lines(({ msg, code }) => msg === 'job.outcome' && code === 'crashed')).toEqual([])
  })
})

describe.concurrent('a worker that was frozen when it was sent a job', () => {
  test('learns that it is another’s now, and changes nothing', async ({ house, expect }) => {
    const hub = await house.hub()
    const frozen = await house.worker(hub, { default: 10, own: 1 })
    const client = house.connect(hub)
    frozen.program.signal('SIGSTOP')
    const relay = await client.async(hold.new({ key: 'sent', value: 1 }, { maxAttempts: 1 }))
    const heir = await house.worker(hub)
    await heir.started('sent')
    frozen.program.signal('SIGCONT')
    frozen.release('sent')
    expect(await client.await(client.async(double.new({ int: 1 }, { queue: 'own' })), 30_000)).toEqual({ type: 'ok', value: 2 })
    // Within a second a busy machine may not even answer where the job stands.
    await expect.poll(() => client.await(relay, 1_000), { timeout: 10_000 }).toMatchObject({ error: { code: 'timeout', waiting: 'running' } })
    heir.release('sent')
    expect(await client.await(relay, 30_000)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: heir.pid } })
  })
})
