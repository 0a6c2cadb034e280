import type { Client, Relay, WatchEvent } from '@anchorleg/client'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { double, flaky, heed, hold, nobody, play, spell } from '#e2e/harness/jobs.js'
import type { Operator } from '#e2e/harness/operator.js'
import type { WorkerProcess } from '#e2e/harness/workerProcess.js'
import { forever, test, untilTold } from './test.js'

// One hub has only callers, one only a worker, and one has both to come.
let house: House
let front: HubProcess
let back: HubProcess
let side: HubProcess
let worker: WorkerProcess
let client: Client
let operator: Operator

beforeAll(async () => {
  house = await House.build()
  ;[front, back, side] = (await house.cluster(3)) as [HubProcess, HubProcess, HubProcess]
  worker = await house.worker(back)
  client = house.connect(front)
  operator = await house.operator(front)
  await client.ready
}, 60_000)
afterAll(() => house[Symbol.asyncDispose]())

async function see(by: Client, relay: Relay<number, number, string>, seen: WatchEvent<number, number, string>[]): Promise<void> {
  for await (const event of by.watch(relay)) seen.push(event)
}

describe('a caller at one hub and a worker at another', () => {
  test('meet: results come without being asked for', async () => {
    const relays = await client.asyncMany(Array.from({ length: 200 }, (_, int) => double.new({ int })))
    const results = await client.awaitMany(relays, forever)
    expect(results).toEqual(Array.from({ length: 200 }, (_, int) => ({ type: 'ok', value: 2 * int })))
  })

  test('soon: a job alone takes no poll of anybody', async () => {
    const took: number[] = []
    for (let i = 0; i < 20; i++) {
      const began = performance.now()
      await client.await(client.async(double.new({ int: i })), forever)
      took.push(performance.now() - began)
    }
    expect(took.sort((a, b) => a - b)[10]).toBeLessThan(500)
  })

  test('through retries', async () => {
    const relay = await client.async(flaky.new({ failures: 2 }))
    expect(await client.await(relay, { ...forever, withRetries: true })).toEqual({ type: 'ok', value: 3 })
  })

  test('a job that is scheduled here starts there within 100 ms of its time', async () => {
    const late: number[] = []
    for (let i = 0; i < 5; i++) {
      const key = `due ${i}`
      const scheduledAt = new Date(Date.now() + 400)
      await client.async(hold.new({ key }, { scheduledAt }))
      const { at } = await worker.started(key)
      late.push(Number(at) - scheduledAt.getTime())
      worker.release(key)
    }
    // A machine that is busy delays some; a hub that has to find out by itself delays all.
    expect(Math.min(...late)).toBeLessThan(100)
  })

  test('the same result at every hub, for callers of another hub too', async () => {
    const relay = await client.async(hold.new({ key: 'three', value: 3 }))
    await worker.started('three')
    const others = [side, back].map((hub) => house.connect(hub))
    const results = [client, ...others].map((each) => each.await(relay, forever))
    await Promise.all(others.map(({ ready }) => ready))
    worker.release('three')
    const [first, ...rest] = await Promise.all(results)
    expect(first).toMatchObject({ type: 'ok', value: { value: 3 } })
    for (const each of rest) expect(each).toEqual(first)
  })

  test('a watcher sees states, progress, chunks and outcomes, no gap and no repeat', async () => {
    const letters = Array.from({ length: 300 }, (_, i) => `token ${i}`)
    const runs = [
      [{ wait: 'seen' }, { progress: 0.5 }, ...letters.map((emit) => ({ emit })), { fail: 'once' }],
      [...letters.map((emit) => ({ emit })), { progress: 1 }],
    ]
    const relay = await client.async(play.new({ runs }))
    const seen: WatchEvent<number, number, string>[] = []
    const done = see(client, relay, seen)
    const isIn = (state: string, attempt: number) => expect.objectContaining({ type: 'state', state, attempt })
    await expect.poll(() => seen, untilTold).toContainEqual(isIn('executing', 1))
    worker.release('seen')
    await done
    expect(seen).toContainEqual(isIn('executing', 2))
    for (const attempt of [1, 2]) {
      const chunks = seen.flatMap((event) => (event.type === 'chunk' && event.attempt === attempt ? [event.value] : []))
      expect(chunks).toEqual(letters)
    }
    expect(seen.filter(({ type }) => type === 'outcome')).toMatchObject([{ final: false }, { final: true, result: { type: 'ok', value: 2 } }])
    expect(seen.some((event) => event.type === 'progress' && event.value === 1)).toBe(true)
  })

  test('a cancellation reaches the handler, with its reason', async () => {
    const relay = await client.async(heed.new({ key: 'stop', end: 'cancel' }))
    await worker.started('stop')
    const result = client.await(relay, forever)
    expect(await client.cancel(relay, { reason: 'enough' })).toMatchObject({ cancelled: true })
    await worker.aborted('stop')
    expect(await result).toEqual({ type: 'cancel', reason: 'enough' })
  })

  test('a job that waits is cancelled for awaiters everywhere', async () => {
    const relay = await client.async(nobody.new())
    const other = house.connect(side)
    const result = other.await(relay, forever)
    await other.ready
    await other.inspect(relay)
    await client.cancel(relay, { reason: 'never mind' })
    expect(await result).toEqual({ type: 'cancel', reason: 'never mind' })
  })

  test('a job that was reopened at one hub runs at another', async () => {
    const relay = await client.async(double.new({ int: 4 }))
    await client.await(relay, forever)
    expect(await operator.retry(relay)).toEqual(['retried'])
    await expect.poll(() => client.inspect(relay), untilTold).toMatchObject({ state: 'completed', attempt: 2 })
  })
})

describe('queues', () => {
  test('pause and resume are heeded by workers of every hub', async () => {
    const queue = 'paused everywhere'
    await house.worker(back, { [queue]: 2 })
    await operator.pause(queue)
    const relay = await client.async(double.new({ int: 1 }, { queue }))
    expect(await client.await(relay, 300)).toMatchObject({ error: { code: 'timeout' } })
    const result = client.await(relay, forever)
    await operator.resume(queue)
    expect(await result).toEqual({ type: 'ok', value: 2 })
  })

  test('a limit holds across workers at three hubs, and every place that becomes free is taken at once', async () => {
    const queue = 'limited everywhere'
    await operator.limit(queue, 2)
    const workers = await Promise.all([front, back, side].map((hub) => house.worker(hub, { [queue]: 5 })))
    const keys = Array.from({ length: 8 }, (_, i) => `limited ${i}`)
    const relays = await client.asyncMany(keys.map((key) => hold.new({ key, value: key }, { queue })))
    const startedOnes = () => keys.filter((key) => workers.some((each) => each.starts(key) > 0))
    const released = new Set<string>()
    for (let i = 0; i < keys.length; i++) {
      await expect.poll(() => startedOnes().length, untilTold).toBe(Math.min(keys.length, i + 2))
      const [next = ''] = startedOnes().filter((key) => !released.has(key))
      released.add(next)
      for (const each of workers) each.release(next)
    }
    expect(await client.awaitMany(relays, forever)).toMatchObject(keys.map((value) => ({ type: 'ok', value: { value } })))
  })

  for (const [who, leaves] of [
    ['whose worker has left', (worker: WorkerProcess) => worker.program.stop('SIGTERM')],
    ['that has stopped', (_: WorkerProcess, hub: HubProcess) => hub.stop('SIGTERM')],
  ] as const) {
    test(`a place of a limited queue is not kept for a hub ${who}`, async ({ house: own }) => {
      const [near, far] = (await own.cluster(2)) as [HubProcess, HubProcess]
      await (await own.operator(near)).limit('line', 1)
      const stays = await own.worker(near, { line: 2 })
      const [caller, other] = [own.connect(near), own.connect(far)]
      const first = await caller.async(hold.new({ key: 'first' }, { queue: 'line' }))
      await stays.started('first')
      const goes = await own.worker(far, { line: 2 })
      // The far hub is first in line: it asks along with storing the job.
      const second = await other.async(hold.new({ key: 'second' }, { queue: 'line' }))
      await leaves(goes, far)
      const began = performance.now()
      stays.release('first')
      await stays.started('second')
      expect(performance.now() - began).toBeLessThan(1_500)
      stays.release('second')
      expect(await caller.awaitMany([first, second], forever)).toMatchObject([{ type: 'ok' }, { type: 'ok' }])
    })
  }
})

describe('a worker at each of two hubs', () => {
  for (const limit of [1, 4]) {
    test(`has its share of a queue’s limit of ${limit} as long as there are jobs`, async () => {
      const queue = `shared ${limit}`
      await operator.limit(queue, limit)
      const workers = await Promise.all([back, side].map((hub) => house.worker(hub, { [queue]: 5 })))
      const relays = await client.asyncMany(Array.from({ length: 80 }, (_, i) => spell.new({ key: `${queue} ${i}`, ms: 20 }, { queue })))
      await client.awaitMany(relays, 40_000)
      // Half each; less where one comes late to what is left to it, as on a busy machine.
      for (const { program } of workers) expect(program.lines(({ msg }) => msg === 'started').length).toBeGreaterThanOrEqual(10)
    })
  }
})

describe('workers', () => {
  test('one that lost its hub takes its leases to another', async ({ house: own }) => {
    const [first, second] = (await own.cluster(2)) as [HubProcess, HubProcess]
    const wire = await own.wire(first)
    const caller = own.connect(second)
    const mover = await own.worker([wire, second])
    const relay = await caller.async(hold.new({ key: 'moved', value: 1 }))
    await mover.started('moved')
    const result = caller.await(relay, forever)
    const taken = ({ program }: HubProcess) => program.lines(({ msg, held }) => msg === 'worker.registered' && held === 1).length
    wire.cut({ down: true })
    // It may have been at the second one from the start.
    if (first.program.lines(({ msg }) => msg === 'worker.registered').length > 0) await expect.poll(() => taken(second), untilTold).toBe(1)
    // Past the grace, in which its old hub would have taken it.
    await new Promise((resolve) => setTimeout(resolve, 3_500))
    expect(await caller.inspect(relay)).toMatchObject({ state: 'executing', attempt: 1 })
    mover.release('moved')
    expect(await result).toMatchObject({ type: 'ok', value: { value: 1, attempt: 1 } })
  })

  test('and callers outlive the hub they are at: awaits and leases are kept', async ({ house: own }) => {
    const hubs = (await own.cluster(3)) as [HubProcess, HubProcess, HubProcess]
    const callers = [0, 1, 2, 3].map(() => own.connect(hubs))
    const movers = [await own.worker(hubs, { default: 4 }), await own.worker(hubs, { default: 4 })]
    const keys = callers.map((_, i) => `kept ${i}`)
    const relays = await Promise.all(callers.map((caller, i) => caller.async(hold.new({ key: keys[i] ?? '', value: i }))))
    const results = callers.map((caller, i) => caller.await(relays[i] as Relay<unknown>, forever))
    const started = () => keys.filter((key) => movers.some((each) => each.starts(key) > 0)).length
    await expect.poll(started, untilTold).toBe(keys.length)
    for (const hub of hubs.slice(0, 2)) await hub.stop('SIGKILL')
    await expect.poll(() => callers.every(({ status }) => status === 'connected'), untilTold).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 3_500))
    for (const key of keys) for (const mover of movers) mover.release(key)
    expect(await Promise.all(results)).toMatchObject(keys.map((_, value) => ({ type: 'ok', value: { value, attempt: 1 } })))
  })
})
