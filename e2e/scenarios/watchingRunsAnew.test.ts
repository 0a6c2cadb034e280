import { describe, expect } from 'vitest'
import { play } from '#e2e/harness/jobs.js'
import { brief, chunksOf, emits, type Seen, see } from '#e2e/harness/onlooker.js'
import { test } from './test.js'

describe('an attempt that its worker hands back', () => {
  /** A job that emits `a`, `b`, waits, and emits `c`; the worker that runs it first hands it back while it waits. */
  const runs = [[...emits(['a', 'b']), { wait: 'anew' }, ...emits(['c'])]]
  const drainMs = 300

  test('is seen to wait, and to run anew from its first chunk', async ({ house }) => {
    const hub = await house.hub()
    const first = await house.worker(hub, { default: 1 }, { drainMs })
    const client = house.connect(hub)
    const seen: Seen[] = []
    const watched = see(client, await client.async(play.new({ runs })), seen)
    await expect.poll(() => chunksOf(seen).length).toBe(2)
    await first.program.stop('SIGTERM')
    const second = await house.worker(hub)
    second.release('anew')
    await watched
    const known = seen.slice(seen.findIndex(({ type }) => type === 'chunk') - 1)
    expect(known.map(brief)).toEqual([
      ...['executing 1', 'chunk 1.0 a', 'chunk 1.1 b', 'available 0'],
      ...['executing 1', 'chunk 1.0 a', 'chunk 1.1 b', 'chunk 1.2 c', 'completed 1', 'outcome 1 ok final'],
    ])
  })

  test('and runs anew while its watcher is away is told from its first chunk, once, behind a state', async ({ house }) => {
    const hub = await house.hub()
    const wire = await house.wire(hub)
    const first = await house.worker(hub, { default: 1 }, { drainMs })
    const [client, other] = [house.connect(wire), house.connect(hub)]
    const relay = await client.async(play.new({ runs }))
    const seen: Seen[] = []
    const watched = see(client, relay, seen)
    await expect.poll(() => chunksOf(seen).length).toBe(2)
    wire.swallow()
    await first.program.stop('SIGTERM')
    const second = await house.worker(hub)
    await see(other, other.attach(relay.ref, play), [], (event) => event.type === 'chunk' && event.index === 1)
    wire.cut()
    await expect.poll(() => chunksOf(seen).length, { timeout: 15_000 }).toBe(4)
    second.release('anew')
    await watched
    const known = seen.slice(seen.findIndex(({ type }) => type === 'chunk') - 1)
    expect(known.map(brief)).toEqual([
      ...['executing 1', 'chunk 1.0 a', 'chunk 1.1 b'],
      ...['executing 1', 'chunk 1.0 a', 'chunk 1.1 b', 'chunk 1.2 c', 'completed 1', 'outcome 1 ok final'],
    ])
  })
})

test('a snoozed job looks the same to who saw it snooze and to who comes late', async ({ client, shared, hub }) => {
  const relay = await client.async(play.new({ runs: [[{ emit: 'a' }, { wait: 'asleep' }, { snooze: 3_600 }]] }))
  const seen: Seen[] = []
  const watched = see(client, relay, seen)
  await expect.poll(() => chunksOf(seen).length).toBe(1)
  shared.worker.release('asleep')
  await expect.poll(() => seen.at(-1)?.type).toBe('outcome')
  const state = { type: 'state', state: 'scheduled', attempt: 0, at: expect.any(Date) }
  const outcome = { type: 'outcome', attempt: 1, final: false, result: { type: 'snooze', seconds: 3_600 } }
  expect(seen.slice(-2)).toEqual([state, outcome])
  const late: Seen[] = []
  const stranger = shared.house.connect(hub)
  const watchedLate = see(stranger, stranger.attach(relay.ref, play), late)
  await expect.poll(() => late.length).toBe(3)
  expect(late).toEqual([seen.at(-2), { type: 'chunk', attempt: 1, index: 0, value: 'a' }, outcome])
  await client.cancel(relay)
  const end = ['cancelled 0', 'outcome 0 cancel final']
  for (const each of [await watched, await watchedLate]) expect(each.slice(-2).map(brief)).toEqual(end)
})

describe('a job that has ended and is reopened', () => {
  const runs = [
    [{ emit: 'old' }, { wait: 'ended' }],
    [{ emit: 'new' }, { progress: 2 }],
  ]

  test('is watched on, under its ref and its alias, from what it was to its new end', async ({ client, shared, hub }) => {
    const operator = await shared.house.operator(hub)
    const queue = 'watched anew'
    const worker = await shared.house.worker(hub, { [queue]: 1 })
    const fresh = () => play.new({ runs }, { queue, unique: {}, maxAttempts: 1 })
    const [relay, alias] = await client.asyncMany([fresh(), fresh()])
    worker.release('ended')
    expect((await see(client, relay)).map(brief).slice(-2)).toEqual(['completed 1', 'outcome 1 ok final'])
    await operator.pause(queue)
    expect(await operator.retry(relay)).toEqual(['retried'])
    const views: Seen[][] = [[], []]
    const watched = [relay, alias].map((each, i) => see(client, each, views[i]))
    const before = ['available 1', 'chunk 1.0 old', 'outcome 1 ok final']
    for (const seen of views) await expect.poll(() => seen.map(brief)).toEqual(before)
    await operator.resume(queue)
    for (const seen of await Promise.all(watched)) {
      expect(seen.filter(({ type }) => type !== 'progress').map(brief)).toEqual([
        ...before,
        ...['executing 2', 'chunk 2.0 new', 'completed 2', 'outcome 2 ok final'],
      ])
      expect(seen.map(brief)).toContain('progress 2 2')
    }
  })

  test('while its watcher is away is told with its first end, on to its second', async ({ house }) => {
    const hub = await house.hub()
    const wire = await house.wire(hub)
    const worker = await house.worker(hub)
    const operator = await house.operator(hub)
    const [client, other] = [house.connect(wire), house.connect(hub)]
    const relay = await client.async(play.new({ runs: [...runs.slice(0, 1), [{ emit: 'new' }, { wait: 'again' }]] }, { maxAttempts: 1 }))
    const seen: Seen[] = []
    const watched = see(client, relay, seen)
    await expect.poll(() => chunksOf(seen).length).toBe(1)
    wire.swallow()
    worker.release('ended')
    await other.await(other.attach(relay.ref))
    expect(await operator.retry(relay)).toEqual(['retried'])
    await see(other, other.attach(relay.ref, play), [], (event) => event.type === 'chunk' && event.attempt === 2)
    wire.cut()
    await expect.poll(() => chunksOf(seen).length, { timeout: 15_000 }).toBe(2)
    worker.release('again')
    await watched
    const known = seen.slice(seen.findIndex(({ type }) => type === 'chunk'))
    expect(known.map(brief)).toEqual([
      ...['chunk 1.0 old', 'outcome 1 ok final'],
      ...['executing 2', 'chunk 2.0 new', 'completed 2', 'outcome 2 ok final'],
    ])
  })
})
