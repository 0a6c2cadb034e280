import { describe, expect } from 'vitest'
import { double, nobody, play, type Step } from '#e2e/harness/jobs.js'
import { brief, chunksOf, emits, type Seen, see } from '#e2e/harness/onlooker.js'
import { test, untilTold } from './test.js'

const letters = (from: number, count: number) => Array.from({ length: count }, (_, i) => `token ${from + i}`)

/** The chunks of an attempt are all there, in order, once. */
function expectWhole(seen: readonly Seen[], attempt: number, values: readonly string[]): void {
  expect(chunksOf(seen, attempt)).toEqual(values.map((value, index) => ({ type: 'chunk', attempt, index, value })))
}

describe('who watches a job from its start', () => {
  test('sees states, chunks, progress and outcomes in their order, through a retry, and is done after the final one', async ({
    client,
    shared,
    hub,
  }) => {
    const queue = 'from the start'
    const runs = [
      [{ emit: 'a' }, { progress: 0.5 }, { emit: 'b' }, { fail: 'once' }],
      [{ emit: 'c' }, { progress: 1 }, { emit: 'd' }],
    ]
    const relay = await client.async(play.new({ runs }, { queue }))
    const seen: Seen[] = []
    const watched = see(client, relay, seen)
    await expect.poll(() => seen).toMatchObject([{ type: 'state', state: 'available', attempt: 0, at: expect.any(Date) }])
    await shared.house.worker(hub, { [queue]: 1 })
    await watched
    // Progress goes its own way, but never past the outcome of its attempt.
    expect(seen.filter(({ type }) => type !== 'progress').map(brief)).toEqual([
      ...['available 0', 'executing 1', 'chunk 1.0 a', 'chunk 1.1 b', 'retryable 1', 'outcome 1 error'],
      ...['available 1', 'executing 2', 'chunk 2.0 c', 'chunk 2.1 d', 'completed 2', 'outcome 2 ok final'],
    ])
    const order = seen.filter(({ type }) => type === 'progress' || type === 'outcome').map(brief)
    expect(order).toEqual(['progress 1 0.5', 'outcome 1 error', 'progress 2 1', 'outcome 2 ok final'])
    expect(seen.at(-1)).toEqual({ type: 'outcome', attempt: 2, final: true, result: { type: 'ok', value: 2 } })
  })

  test('sees a cancellation as the end', async ({ client }) => {
    const relay = client.attach((await client.async(nobody.new())).ref, play)
    const seen: Seen[] = []
    const watched = see(client, relay, seen)
    await expect.poll(() => seen.length).toBe(1)
    await client.cancel(relay, { reason: 'enough' })
    expect((await watched).map(brief)).toEqual(['available 0', 'cancelled 0', 'outcome 0 cancel final'])
  })

  test('sees a run under the same attempt again count its chunks from 0', async ({ client, shared }) => {
    const runs = [[...emits(['x', 'y']), { wait: 'again' }, { snooze: 0 }], emits(['z'])]
    const relay = await client.async(play.new({ runs }))
    const seen: Seen[] = []
    const watched = see(client, relay, seen)
    await expect.poll(() => chunksOf(seen).length).toBe(2)
    shared.worker.release('again')
    await watched
    expect(chunksOf(seen).map(({ attempt, index, value }) => [attempt, index, value])).toEqual([
      [1, 0, 'x'],
      [1, 1, 'y'],
      [1, 0, 'z'],
    ])
    expect(seen.filter(({ type }) => type === 'outcome').map(brief)).toEqual(['outcome 1 snooze', 'outcome 1 ok final'])
  })
})

describe('who comes late', () => {
  test('gets the latest progress and every chunk of the current attempt, then what follows', async ({ client, shared, hub }) => {
    const runs = [
      emits(['lost']),
      [...emits(letters(0, 30)), { progress: 0.1 }, { progress: 0.7 }, { wait: 'late' }, ...emits(letters(30, 30)), { progress: 1 }],
    ]
    runs[0]?.push({ fail: 'first' })
    const relay = await client.async(play.new({ runs }))
    await see(client, relay, [], (event) => event.type === 'progress' && event.value === 0.7)
    const late = shared.house.connect(hub)
    const seen: Seen[] = []
    const watched = see(late, late.attach(relay.ref, play), seen)
    await expect.poll(() => chunksOf(seen).length).toBe(30)
    expect(seen.map(brief)).toContain('progress 2 0.7')
    expect(seen.map(brief)).not.toContain('progress 2 0.1')
    shared.worker.release('late')
    await watched
    expectWhole(seen, 2, letters(0, 60))
    expect(seen.at(-1)).toMatchObject({ type: 'outcome', final: true, result: { type: 'ok', value: 2 } })
  })

  test('after the end gets the state, the last attempt’s chunks and the outcome, and is done', async ({ client, shared, hub }) => {
    const relay = await client.async(
      play.new({
        runs: [
          [{ emit: 'old' }, { fail: 1 }],
          [...emits(letters(0, 500)), { progress: 3 }],
        ],
      }),
    )
    await client.await(relay, { withRetries: true, timeout: 20_000 })
    for (const who of [client, shared.house.connect(hub)]) {
      const seen = await see(who, who.attach(relay.ref, play))
      expect(seen[0]).toMatchObject({ type: 'state', state: 'completed', attempt: 2 })
      expectWhole(seen, 2, letters(0, 500))
      expect(seen.map(brief)).toContain('progress 2 3')
      expect(seen.at(-1)).toMatchObject({ type: 'outcome', final: true, result: { type: 'ok', value: 2 } })
    }
  })

  test('under the ref of an alias sees the same', async ({ client, shared }) => {
    const fresh = () => play.new({ runs: [[...emits(['p', 'q']), { wait: 'shared' }]] }, { unique: {} })
    const [own, alias] = await client.asyncMany([fresh(), fresh()])
    expect([own.conflict, alias.conflict]).toEqual([false, true])
    const watched = [see(client, own), see(client, alias)]
    shared.worker.release('shared')
    for (const seen of await Promise.all(watched)) expectWhole(seen, 1, ['p', 'q'])
  })
})

describe('a watcher', () => {
  test('loses and repeats nothing over lost connections, its own and the worker’s', async ({ house }) => {
    const hub = await house.hub()
    const [near, far] = [await house.wire(hub), await house.wire(hub)]
    const worker = await house.worker(far)
    const client = house.connect(near)
    const parts = [0, 1, 2, 3].map((part) => letters(part * 50, 50))
    const steps = parts.flatMap((values, part) => [...emits(values), { progress: part }, { wait: `part ${part}` }])
    const relay = await client.async(play.new({ runs: [steps] }))
    const seen: Seen[] = []
    const watched = see(client, relay, seen)
    const cuts = [() => near.cut(), () => far.cut(), () => near.swallow(), () => {}]
    for (const [part, cut] of cuts.entries()) {
      await expect.poll(() => chunksOf(seen).length, { timeout: 15_000 }).toBe((part + 1) * 50)
      cut()
      worker.release(`part ${part}`)
      if (part !== 2) continue
      // The hub has told of these, to nobody; the cut ends the silence.
      const other = house.connect(hub)
      await see(other, other.attach(relay.ref, play), [], (event) => event.type === 'chunk' && event.index === 199)
      near.cut()
    }
    await watched
    expectWhole(seen, 1, letters(0, 200))
    expect(seen.filter(({ type }) => type === 'outcome')).toMatchObject([{ attempt: 1, final: true }])
  })

  test('loses and repeats nothing while a long stream is cut in mid-flight, again and again', async ({ house }) => {
    const hub = await house.hub()
    const wire = await house.wire(hub)
    await house.worker(hub)
    const client = house.connect(wire)
    const relay = await client.async(play.new({ runs: [emits(letters(0, 3_000))] }))
    const seen: Seen[] = []
    let cuts = 0
    for await (const event of client.watch(relay)) {
      seen.push(event)
      if (event.type !== 'chunk' || event.index % 400 !== 399 || cuts >= 5) continue
      cuts += 1
      wire.cut()
    }
    expect(cuts).toBeGreaterThan(0)
    expectWhole(seen, 1, letters(0, 3_000))
    expect(seen.at(-1)).toMatchObject({ type: 'outcome', final: true })
  })

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`loses and repeats nothing over a restart of the hub (${signal})`, async ({ house }) => {
      const hub = await house.hub()
      const worker = await house.worker(hub)
      const client = house.connect(hub)
      const runs = [[...emits(letters(0, 100)), { wait: 'half' }, ...emits(letters(100, 100)), { wait: 'whole' }]]
      const relay = await client.async(play.new({ runs }))
      const seen: Seen[] = []
      const watched = see(client, relay, seen)
      await expect.poll(() => chunksOf(seen).length, untilTold).toBe(100)
      const stopped = hub.stop(signal)
      worker.release('half')
      await stopped
      await hub.start()
      await expect.poll(() => chunksOf(seen).length, { timeout: 30_000 }).toBe(200)
      worker.release('whole')
      await watched
      expectWhole(seen, 1, letters(0, 200))
      expect(seen.at(-1)).toMatchObject({ type: 'outcome', final: true, result: { type: 'ok', value: 1 } })
    })
  }

  test('that reads slowly gets every chunk, but only the latest progress', async ({ client }) => {
    const steps = letters(0, 40).flatMap((emit, i): Step[] => [{ emit }, { progress: i }])
    const relay = await client.async(play.new({ runs: [steps] }))
    const watching = client.watch(relay)[Symbol.asyncIterator]()
    const seen: Seen[] = []
    const first = await watching.next()
    if (!first.done) seen.push(first.value)
    await client.await(relay)
    for (let next = await watching.next(); !next.done; next = await watching.next()) seen.push(next.value)
    expectWhole(seen, 1, letters(0, 40))
    expect(seen.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ value: 39 })
    expect(seen.filter(({ type }) => type === 'progress').length).toBeLessThan(40)
  })

  test('may leave: by break, by its signal, or with its client; the job goes on', async ({ client, shared, hub }) => {
    const brief = shared.house.connect(hub)
    const relay = await brief.async(play.new({ runs: [[{ emit: 'one' }, { wait: 'left alone' }]] }))
    await see(brief, relay, [], ({ type }) => type === 'chunk')
    const controller = new AbortController()
    const walks = [brief.watch(relay, { signal: controller.signal }), brief.watch(relay)].map(async (events) => {
      const seen: Seen[] = []
      for await (const event of events) seen.push(event)
      return seen.map(({ type }) => type)
    })
    await see(brief, relay, [], ({ type }) => type === 'chunk')
    controller.abort()
    await walks[0]
    await brief.close()
    for (const types of await Promise.all(walks)) expect(types).not.toContain('outcome')
    shared.worker.release('left alone')
    expect(await client.await(client.attach(relay))).toEqual({ type: 'ok', value: 1 })
  })

  test('of a job that had ended before it asked costs the hub nothing, like one that never was', async ({ client }) => {
    const done = await client.async(double.new({ int: 2 }))
    await client.await(done)
    const events = []
    for await (const event of client.watch(done)) events.push(event)
    expect(events).toMatchObject([
      { type: 'state', state: 'completed' },
      { type: 'outcome', final: true, result: { type: 'ok', value: 4 } },
    ])
  })
})
