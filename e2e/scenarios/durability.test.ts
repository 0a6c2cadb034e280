import { describe } from 'vitest'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { double, hold, slow } from '#e2e/harness/jobs.js'
import { test } from './test.js'

/** How often each job was settled for good, over every run of a hub; it stops the hub, whose log is then complete. */
async function endings(hub: HubProcess): Promise<number[]> {
  await hub.stop('SIGTERM')
  const counts = new Map<unknown, number>()
  for (const run of hub.runs) {
    for (const { jobId } of run.lines(({ msg, state }) => msg === 'job.outcome' && state === 'completed'))
      counts.set(jobId, (counts.get(jobId) ?? 0) + 1)
  }
  return [...counts.values()]
}

describe.concurrent('a job whose async resolved is not lost', () => {
  test('when its hub is killed at that moment, before any worker took it', async ({ house, expect }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    const relay = await client.async(double.new({ int: 50 }))
    await hub.stop('SIGKILL')
    await hub.start()
    await house.worker(hub)
    expect(await client.await(relay, 30_000)).toEqual({ type: 'ok', value: 100 })
  })

  test('when its hub is killed under many that are being submitted', async ({ house, expect }) => {
    const hub = await house.hub()
    const client = house.connect(hub)
    await client.ready
    const acknowledged: string[] = []
    const jobs = Array.from({ length: 300 }, (_, int) => double.new({ int }))
    const submitted = jobs.map((job, i) =>
      client.async(job).then((relay) => {
        acknowledged[i] = relay.ref
        return relay
      }),
    )
    await Promise.race(submitted)
    await hub.restart('SIGKILL')
    await house.worker(hub, { default: 50 })
    const results = await client.awaitMany(submitted, 30_000)
    expect(results).toEqual(jobs.map((_, int) => ({ type: 'ok', value: int * 2 })))
    expect(await endings(hub)).toEqual(Array(300).fill(1))
  })

  test('nor is its result: it is awaited again from the next run of the hub', async ({ house, expect }) => {
    const hub = await house.hub()
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relays = await client.asyncMany([double.new({ int: 1 }), double.new({ int: 2 })])
    const results = await client.awaitMany(relays)
    await worker.program.stop()
    await hub.restart('SIGKILL')
    expect(await client.awaitMany(relays)).toEqual(results)
    const later = house.connect(hub)
    expect(await later.awaitMany(relays.map(({ ref }) => later.attach(ref)))).toEqual([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 4 },
    ])
  })
})

describe.concurrent('a hub that is asked to stop', () => {
  test('exits 0 under hundreds of outstanding jobs; after its restart all are settled, each once, and no await fails', async ({ house, expect }) => {
    const hub = await house.hub()
    await house.worker(hub, { default: 20 })
    const client = house.connect(hub)
    const jobs = Array.from({ length: 400 }, (_, i) => slow.new({ int: 5 + (i % 60) }))
    const early = await Promise.all(jobs.slice(0, 300).map((job) => client.async(job)))
    const awaited = client.awaitMany(early, 60_000)
    await client.await(early[20] as (typeof early)[number])
    const late = jobs.slice(300).map((job) => client.async(job))
    const awaitedLate = client.awaitMany(late, 60_000)
    expect(await hub.stop('SIGTERM')).toEqual({ code: 0, signal: null })
    await hub.start()
    const results = [...(await awaited), ...(await awaitedLate)]
    expect(results).toEqual(jobs.map((_, i) => ({ type: 'ok', value: 2 * (5 + (i % 60)) })))
    expect(await endings(hub)).toEqual(Array(400).fill(1))
  })
})

describe.concurrent('a running job outlives its hub', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`when that is ended by ${signal} and started again: the worker keeps the job, and its one attempt completes`, async ({ house, expect }) => {
      const hub = await house.hub()
      const worker = await house.worker(hub)
      const client = house.connect(hub)
      const relay = await client.async(hold.new({ key: 'kept', value: 'whole' }))
      const awaited = client.await(relay, 60_000)
      await worker.started('kept')
      await hub.restart(signal)
      await hub.program.line(({ msg, held }) => msg === 'worker.registered' && held === 1)
      worker.release('kept')
      expect(await awaited).toEqual({ type: 'ok', value: { value: 'whole', attempt: 1, pid: worker.pid } })
      expect(worker.starts('kept')).toBe(1)
    })
  }

  test('and when it finishes while no hub is there, its result comes with the next', async ({ house, expect }) => {
    const hub = await house.hub()
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(hold.new({ key: 'alone', value: 7 }))
    await worker.started('alone')
    await hub.stop('SIGKILL')
    worker.release('alone')
    await worker.finished('alone')
    await hub.start()
    expect(await client.await(relay, 60_000)).toEqual({ type: 'ok', value: { value: 7, attempt: 1, pid: worker.pid } })
    expect(worker.starts('alone')).toBe(1)
  })
})
