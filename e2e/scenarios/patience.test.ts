import { describe } from 'vitest'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { double, heed, hold, nobody } from '#e2e/harness/jobs.js'
import { test } from './test.js'

/** How long a running job may still take once it is to stop, and how long a job that is to be attended waits for somebody, in ms. */
const graceMs = 10_000
const patienceMs = 30_000

/** How often the hub looks, and what a busy machine may add, in ms. */
const slackMs = 2_000 + 4_000

// What takes so long takes it all at once.
describe.concurrent('a handler that ignores its signal', () => {
  test('past the grace has its job cancelled, and its late word changes nothing', async ({ house, expect }) => {
    const hub = await house.hub()
    const worker = await house.worker(hub)
    const client = house.connect(hub)
    const relay = await client.async(heed.new({ key: 'deaf', end: 'ignore' }))
    await worker.started('deaf')
    const began = performance.now()
    expect(await client.cancel(relay, { reason: 'no patience' })).toEqual({ cancelled: true, state: 'cancelled' })
    const took = performance.now() - began
    expect(took).toBeGreaterThan(graceMs - 100)
    expect(took).toBeLessThan(graceMs + slackMs)
    expect(await client.await(relay)).toEqual({ type: 'cancel', reason: 'no patience' })
    worker.release('deaf')
    await worker.finished('deaf')
    const alive = await client.await(client.async(double.new({ int: 2 })), 10_000)
    expect(alive, 'the worker works on').toEqual({ type: 'ok', value: 4 })
    expect(await client.await(relay)).toEqual({ type: 'cancel', reason: 'no patience' })
    expect(await client.inspect(relay)).toMatchObject({ state: 'cancelled', attempt: 1 })
  })
})

describe.concurrent('a job that is cancelled on disconnect', () => {
  test('is cancelled when nobody has been attached to it for 30 s, running or waiting, and not before', async ({ house, expect }) => {
    const hub = await house.hub()
    const worker = await house.worker(hub)
    const brief = house.connect(hub)
    const options = { cancelOnDisconnect: true }
    const running = await brief.async(heed.new({ key: 'left', end: 'cancel' }), options)
    const waiting = await brief.async(nobody.new(), options)
    const kept = await brief.async(nobody.new())
    await worker.started('left')
    const began = Date.now()
    await brief.close()
    await worker.program.line(({ msg, key }) => msg === 'aborted' && key === 'left', patienceMs + slackMs)
    expect(Date.now() - began).toBeGreaterThanOrEqual(patienceMs - 2_500)
    const client = house.connect(hub)
    await expect.poll(() => client.inspect(running)).toMatchObject({ state: 'cancelled' })
    await expect.poll(() => client.inspect(waiting)).toMatchObject({ state: 'cancelled', attempt: 0 })
    expect(await client.inspect(kept)).toMatchObject({ state: 'available' })
    expect(await client.await(waiting)).toEqual({ type: 'cancel', reason: expect.any(String) })
  })

  test('lives as long as its caller is there, awaiting or not, or anybody else is', async ({ house, expect }) => {
    const hub = await house.hub()
    const worker = await house.worker(hub)
    const options = { cancelOnDisconnect: true }
    const [caller, brief, watcher] = [house.connect(hub), house.connect(hub), house.connect(hub)]
    const own = await caller.async(hold.new({ key: 'own', value: 1 }), options)
    const awaited = await brief.async(hold.new({ key: 'awaited', value: 2 }), options)
    const doomed = await brief.async(nobody.new(), options)
    const result = watcher.await(awaited, { timeout: Number.POSITIVE_INFINITY })
    await watcher.ready
    await brief.close()
    // Once the one that nobody attends to is cancelled, the others have been spared for as long.
    const given = caller.inspect.bind(caller, doomed)
    await expect.poll(given, { timeout: patienceMs + slackMs, interval: 200 }).toMatchObject({ state: 'cancelled' })
    for (const relay of [own, awaited]) expect(await caller.inspect(relay)).toMatchObject({ state: 'executing', cancelRequested: false })
    for (const key of ['own', 'awaited']) worker.release(key)
    expect(await result).toMatchObject({ type: 'ok', value: { value: 2 } })
    expect(await caller.await(own)).toMatchObject({ type: 'ok', value: { value: 1 } })
  })

  test('lives as long as anybody is attached to it at any hub', async ({ house, expect }) => {
    const [here, there] = (await house.cluster(2)) as [HubProcess, HubProcess]
    const options = { cancelOnDisconnect: true }
    const [brief, watcher] = [house.connect(here), house.connect(there)]
    const awaited = await brief.async(nobody.new(), options)
    const doomed = await brief.async(nobody.new(), options)
    const result = watcher.await(awaited, { timeout: Number.POSITIVE_INFINITY })
    await watcher.inspect(awaited)
    await brief.close()
    await expect.poll(() => watcher.inspect(doomed), { timeout: patienceMs + slackMs, interval: 200 }).toMatchObject({ state: 'cancelled' })
    await new Promise((resolve) => setTimeout(resolve, slackMs))
    expect(await watcher.inspect(awaited)).toMatchObject({ state: 'available' })
    await watcher.cancel(awaited)
    expect(await result).toMatchObject({ type: 'cancel' })
  })
})
