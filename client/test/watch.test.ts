import { getEventListeners } from 'node:events'
import { codecTag, mintRef, type Outcome, seal, type Watched } from '@anchorleg/shared'
import { clientMessages, watchEvent, watched } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { type Client, connect, defineJob, type Relay, type WatchEvent } from '#client/index.js'
import { failedOutcome, type Heard, okOutcome, ScriptedHub, storeAll } from './support/scriptedHub.js'

type Stored = Extract<Watched, { type: 'job' }>

const job = defineJob({ name: 'job' })
const asked = ({ message }: Heard) => clientMessages.watch.parse(message).watches
const unwatched = ({ message }: Heard) => clientMessages.unwatch.parse(message).refs
const chunk = (index: number, attempt = 1) => ({ attempt, index, codec: codecTag, value: seal(`${attempt}.${index}`) })
const progress = (value: unknown, attempt = 1) => ({ attempt, codec: codecTag, value: seal(value) })

/** What a hub answers to a watch: the same to every ref. */
const stored =
  (state: Stored['state'], attempt: number, more: Partial<Stored> = {}) =>
  (heard: Heard): Watched[] =>
    asked(heard).map(({ ref }) =>
      watched.parse({ ref, type: 'job', at: 5, progress: null, chunks: [], outcomes: [], more: false, ...more, state, attempt }),
    )

const finished = stored('completed', 1, { outcomes: [okOutcome('done')] })
const push = (hub: ScriptedHub, ref: string, ...events: object[]) =>
  hub.socket.emit(
    'events',
    events.map((event) => watchEvent.parse({ ref, ...event })),
  )
const state = (name: Stored['state'], attempt = 1) => ({ type: 'state', state: name, attempt, at: 5 })
const pushed = {
  chunk: (index: number, attempt = 1) => ({ type: 'chunk', ...chunk(index, attempt) }),
  progress: (value: unknown) => ({ type: 'progress', ...progress(value) }),
  outcome: (outcome: Outcome, state: Stored['state']) => ({ type: 'outcome', state, outcome }),
}
const completion = (value: unknown, more: Partial<Outcome> = {}) => pushed.outcome(okOutcome(value, more), 'completed')

/** An event in a word. */
function wordOf(event: WatchEvent): string {
  switch (event.type) {
    case 'state':
      return event.state
    case 'progress':
      return `progress ${event.value}`
    case 'chunk':
      return `chunk ${event.value}`
    case 'outcome':
      return event.result.type
  }
}

async function all(iterable: AsyncIterable<WatchEvent>): Promise<string[]> {
  const words: string[] = []
  for await (const event of iterable) words.push(wordOf(event))
  return words
}

const watch = (client: Client, relay: Relay = client.attach(mintRef())) => ({ relay, iterator: client.watch(relay)[Symbol.asyncIterator]() })
const nextWord = async (iterator: AsyncIterator<WatchEvent>) => {
  const { value, done } = await iterator.next()
  return done ? undefined : wordOf(value)
}

test('a watcher gets what is stored, then what happens, and ends after the final outcome', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { progress: progress(0.5), chunks: [chunk(0)] }) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect((await iterator.next()).value).toStrictEqual({ type: 'state', attempt: 1, state: 'executing', at: new Date(5) })
  expect((await iterator.next()).value).toStrictEqual({ type: 'progress', attempt: 1, value: 0.5 })
  expect((await iterator.next()).value).toStrictEqual({ type: 'chunk', attempt: 1, index: 0, value: '1.0' })
  push(hub, relay.ref, pushed.chunk(1), state('completed'), completion({ a: 1 }, { chunks: 2 }))
  expect((await iterator.next()).value).toStrictEqual({ type: 'chunk', attempt: 1, index: 1, value: '1.1' })
  expect(await nextWord(iterator)).toBe('completed')
  expect((await iterator.next()).value).toStrictEqual({ type: 'outcome', attempt: 1, final: true, result: { type: 'ok', value: { a: 1 } } })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
  expect(hub.heard.map(({ event }) => event)).toEqual(['watch'])
  expect(asked(await hub.nth('watch'))).toEqual([{ ref: relay.ref }])
})

test('watching a job that has ended replays it and ends, and may be done again', async () => {
  await using hub = await ScriptedHub.open({ watch: finished })
  await using client = connect(hub.url)
  const events = client.watch(client.attach(mintRef()))
  expect(await all(events)).toEqual(['completed', 'ok'])
  expect(await all(events)).toEqual(['completed', 'ok'])
  expect(hub.heard.map(({ event }) => event)).toEqual(['watch', 'watch'])
})

test('a retried attempt does not end the watch', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect(await nextWord(iterator)).toBe('executing')
  push(hub, relay.ref, state('retryable'), pushed.outcome(failedOutcome('x'), 'retryable'), state('available'), state('executing', 2))
  push(hub, relay.ref, state('completed', 2), completion(1, { number: 2, attempt: 2 }))
  expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['retryable', 'error', 'available', 'executing', 'completed', 'ok'])
})

test('nothing is asked before the first event is wanted', async () => {
  await using hub = await ScriptedHub.open({ watch: finished })
  await using client = connect(hub.url)
  const iterator = client.watch(client.attach(mintRef()))[Symbol.asyncIterator]()
  expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
  expect(client.status).toBe('idle')
})

test('further pages are asked for from where the last one ended', async () => {
  const outcomes = [okOutcome('done', { chunks: 3 })]
  const pages = [stored('completed', 1, { chunks: [chunk(0), chunk(1)], more: true }), stored('completed', 1, { chunks: [chunk(2)], outcomes })]
  await using hub = await ScriptedHub.open({ watch: (heard) => pages.shift()?.(heard) })
  await using client = connect(hub.url)
  expect(await all(client.watch(client.attach(mintRef())))).toEqual(['completed', 'chunk 1.0', 'chunk 1.1', 'chunk 1.2', 'ok'])
  expect(hub.all('watch').map((heard) => asked(heard)[0]?.from)).toEqual([undefined, { attempt: 1, index: 2, number: 0 }])
})

test('what happens while the answer is on its way is neither lost nor told twice', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  const first = nextWord(iterator)
  const heard = await hub.nth('watch')
  push(hub, relay.ref, state('executing'), pushed.chunk(0), pushed.chunk(1))
  heard.answer({ ok: stored('executing', 1, { chunks: [chunk(0)] })(heard) })
  push(hub, relay.ref, state('completed'), completion(1, { chunks: 2 }))
  expect([await first, ...(await all({ [Symbol.asyncIterator]: () => iterator }))]).toEqual([
    'executing',
    'chunk 1.0',
    'chunk 1.1',
    'completed',
    'ok',
  ])
  expect(hub.all('watch')).toHaveLength(1)
})

test('a gap makes the watcher ask from where it is, before it tells more', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect([await nextWord(iterator), await nextWord(iterator)]).toEqual(['executing', 'chunk 1.0'])
  hub.scripts = { watch: stored('completed', 1, { chunks: [chunk(1), chunk(2)], outcomes: [okOutcome(1, { chunks: 3 })] }) }
  push(hub, relay.ref, completion(1, { chunks: 3 }))
  expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['completed', 'chunk 1.1', 'chunk 1.2', 'ok'])
  expect(asked(await hub.nth('watch', 2))).toEqual([{ ref: relay.ref, from: { attempt: 1, index: 1, number: 0 } }])
})

test('after a reconnect every watcher asks from where it is, and tells nothing twice', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }) })
  await using client = connect(hub.url)
  const [one, other] = [watch(client), watch(client)]
  for (const { iterator } of [one, other]) expect([await nextWord(iterator), await nextWord(iterator)]).toEqual(['executing', 'chunk 1.0'])
  hub.scripts = { watch: stored('completed', 1, { chunks: [chunk(1)], outcomes: [okOutcome(1, { chunks: 2 })] }) }
  const before = hub.all('watch').length
  hub.cut()
  for (const { iterator } of [one, other]) expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['completed', 'chunk 1.1', 'ok'])
  expect(asked(await hub.nth('watch', before + 1))).toEqual(
    [one, other].map(({ relay }) => ({ ref: relay.ref, from: { attempt: 1, index: 1, number: 0 } })),
  )
})

test('a watch whose answer was lost with the connection is asked again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const words = all(client.watch(client.attach(mintRef())))
  await hub.nth('watch')
  hub.scripts = { watch: finished }
  hub.cut()
  expect(await words).toEqual(['completed', 'ok'])
})

test('what came before a break is not told behind what came after it', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  const first = nextWord(iterator)
  await hub.nth('watch')
  push(hub, relay.ref, pushed.progress(1))
  hub.scripts = { watch: stored('executing', 1, { progress: progress(2) }) }
  hub.cut()
  expect(await first).toBe('executing')
  push(hub, relay.ref, state('completed'), completion(1))
  expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['progress 2', 'completed', 'ok'])
})

test('several watchers of a ref share one place at the hub, each with its own replay, and the last one gives it up', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }), unwatch: () => 1 })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect([await nextWord(iterator), await nextWord(iterator)]).toEqual(['executing', 'chunk 1.0'])
  const second = watch(client, relay).iterator
  expect([await nextWord(second), await nextWord(second)]).toEqual(['executing', 'chunk 1.0'])
  push(hub, relay.ref, pushed.chunk(1))
  expect([await nextWord(iterator), await nextWord(second)]).toEqual(['chunk 1.1', 'chunk 1.1'])
  await iterator.return?.()
  push(hub, relay.ref, pushed.chunk(2))
  expect(await nextWord(second)).toBe('chunk 1.2')
  expect(hub.all('unwatch')).toEqual([])
  await second.return?.()
  expect(unwatched(await hub.nth('unwatch'))).toEqual([relay.ref])
})

test('who leaves while another comes leaves the place to it', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1), unwatch: () => 1 })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  await nextWord(iterator)
  const second = watch(client, relay).iterator
  const word = nextWord(second)
  await iterator.return?.()
  expect(await word).toBe('executing')
  push(hub, relay.ref, state('completed'), completion(1))
  expect(await all({ [Symbol.asyncIterator]: () => second })).toEqual(['completed', 'ok'])
  expect(hub.all('unwatch')).toEqual([])
})

test('a watcher that finds the job ended makes the others of its ref ask too', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  await nextWord(iterator)
  hub.scripts = { watch: finished }
  expect(await all(client.watch(relay))).toEqual(['completed', 'ok'])
  expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['completed', 'ok'])
})

test('a watcher whose answer is older than the end that another found asks again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  const first = nextWord(iterator)
  const asking = await hub.nth('watch')
  hub.scripts = { watch: finished }
  expect(await all(client.watch(relay))).toEqual(['completed', 'ok'])
  asking.answer({ ok: stored('executing', 1)(asking) })
  expect([await first, ...(await all({ [Symbol.asyncIterator]: () => iterator }))]).toEqual(['executing', 'completed', 'ok'])
})

test('break gives up the watch', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1), unwatch: () => 1 })
  await using client = connect(hub.url)
  const relay = client.attach(mintRef())
  for await (const _ of client.watch(relay)) break
  expect(unwatched(await hub.nth('unwatch'))).toEqual([relay.ref])
})

test('an aborted signal ends the watch quietly, with what is unread', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }), unwatch: () => 1 })
  await using client = connect(hub.url)
  const controller = new AbortController()
  const words: string[] = []
  for await (const event of client.watch(client.attach(mintRef()), { signal: controller.signal })) {
    words.push(wordOf(event))
    controller.abort()
  }
  expect(words).toEqual(['executing'])
  await hub.nth('unwatch')
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  expect(await all(client.watch(client.attach(mintRef()), { signal: controller.signal }))).toEqual([])
  expect(hub.all('watch')).toHaveLength(1)
})

test('a signal outlives the watch that has ended without a trace of it', async () => {
  await using hub = await ScriptedHub.open({ watch: finished })
  await using client = connect(hub.url)
  const { signal } = new AbortController()
  await all(client.watch(client.attach(mintRef()), { signal }))
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('an abort ends a watch that waits for its next event', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1), unwatch: () => 1 })
  await using client = connect(hub.url)
  const controller = new AbortController()
  const iterator = client.watch(client.attach(mintRef()), { signal: controller.signal })[Symbol.asyncIterator]()
  await nextWord(iterator)
  const waiting = iterator.next()
  controller.abort()
  expect(await waiting).toEqual({ done: true, value: undefined })
})

test('closing the client ends its watches quietly, behind what is unread; a closed client watches nothing', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }) })
  const client = connect(hub.url)
  const { iterator } = watch(client)
  expect(await nextWord(iterator)).toBe('executing')
  await client.close()
  expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['chunk 1.0'])
  await expect(all(client.watch(client.attach(mintRef())))).rejects.toMatchObject({ code: 'closed' })
})

test.each(['not_found', 'expired'] as const)('a ref that is %s throws', async (type) => {
  await using hub = await ScriptedHub.open({ watch: (heard) => asked(heard).map(({ ref }) => ({ ref, type })), unwatch: () => 1 })
  await using client = connect(hub.url)
  const { iterator } = watch(client)
  await expect(iterator.next()).rejects.toMatchObject({ name: 'RelayError', code: type })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})

test('a job that is deleted while it is watched throws expired', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1), unwatch: () => 1 })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  await nextWord(iterator)
  hub.socket.emit('expired', [mintRef(), relay.ref])
  await expect(iterator.next()).rejects.toMatchObject({ code: 'expired', ref: relay.ref })
})

test('a hub that refuses the client throws', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1) })
  await using client = connect(hub.url)
  const { iterator } = watch(client)
  await nextWord(iterator)
  hub.refusal = { code: 'unauthorized', message: 'The token has run out.' }
  hub.cut()
  await expect(iterator.next()).rejects.toMatchObject({ code: 'unauthorized' })
})

test('a hub in trouble is asked again', async () => {
  let tries = 0
  const refused = { refused: { code: 'store_unavailable', message: 'Busy.' } }
  await using hub = await ScriptedHub.open({ watch: (heard) => (++tries < 3 ? refused : finished(heard)) })
  await using client = connect(hub.url)
  expect(await all(client.watch(client.attach(mintRef())))).toEqual(['completed', 'ok'])
  expect(tries).toBe(3)
})

test('the promise of a relay may be watched; its rejection is the watch’s', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll, watch: finished })
  await using client = connect(hub.url)
  expect(await all(client.watch(client.async(job.new())))).toEqual(['completed', 'ok'])
  await expect(all(client.watch(client.async(job.new(1, { priority: 12 }))))).rejects.toMatchObject({ code: 'invalid_job' })
})

test('a ref that is only being submitted is watched once it is stored', async () => {
  await using hub = await ScriptedHub.open({ watch: finished, look: () => [] })
  await using client = connect(hub.url)
  await client.ready
  const made = job.new()
  const relay = client.async(made)
  const words = all(client.watch(client.attach(made.ref)))
  const heard = await hub.nth('submit')
  await client.await(client.attach(mintRef()), 0)
  heard.answer({ ok: storeAll(heard) })
  await relay
  expect(await words).toEqual(['completed', 'ok'])
  expect(hub.heard.map(({ event }) => event)).toEqual(['submit', 'look', 'watch'])
})

test.each([
  ['progress', { progress: { attempt: 1, codec: 'd99', value: '[1]' } }, 'The progress cannot be read here: Cannot read values of codec "d99"'],
  ['a chunk', { chunks: [{ ...chunk(0), value: '[[' }] }, 'The chunk cannot be read here: The sealed value is malformed'],
])('%s that cannot be read throws undecodable, and ends the watch', async (_, more, message) => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, more), unwatch: () => 1 })
  await using client = connect(hub.url)
  const { iterator } = watch(client)
  expect(await nextWord(iterator)).toBe('executing')
  const next = iterator.next()
  await expect(next).rejects.toMatchObject({ name: 'RelayError', code: 'undecodable' })
  await expect(next).rejects.toThrow(message)
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
  await hub.nth('unwatch')
})

test('an outcome that cannot be read is an undecodable result', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('completed', 1, { outcomes: [okOutcome(1, { codec: 'd99' } as never)] }) })
  await using client = connect(hub.url)
  const { iterator } = watch(client)
  await iterator.next()
  expect((await iterator.next()).value).toMatchObject({ type: 'outcome', final: true, result: { type: 'error', error: { code: 'undecodable' } } })
})

test('a slow reader misses no chunk and no outcome, only progress that newer progress has overtaken', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1), look: () => [] })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect(await nextWord(iterator)).toBe('executing')
  for (let i = 0; i < 50; i += 1) push(hub, relay.ref, pushed.progress(i), pushed.chunk(i))
  push(hub, relay.ref, state('completed'), completion(1, { chunks: 50 }))
  // An answer comes behind everything that was pushed before it.
  await client.await(client.attach(mintRef()), 0)
  const words = await all({ [Symbol.asyncIterator]: () => iterator })
  expect(words).toEqual([...Array.from({ length: 49 }, (_, i) => `chunk 1.${i}`), 'progress 49', 'chunk 1.49', 'completed', 'ok'])
})

test('no watcher sees what another does to a value', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('completed', 1, { outcomes: [okOutcome({ list: [1] })] }) })
  await using client = connect(hub.url)
  const relay = client.attach(mintRef())
  for (const _ of [1, 2]) {
    for await (const event of client.watch(relay)) {
      if (event.type !== 'outcome' || event.result.type !== 'ok') continue
      expect(event.result.value).toEqual({ list: [1] })
      ;(event.result.value as { list: number[] }).list.push(2)
    }
  }
})

test('nonsense that the hub pushes harms nothing', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  await nextWord(iterator)
  const { ref } = relay
  for (const nonsense of [null, 'x', [null], [{}], [{ ref }], [{ ref, type: 'outcome' }], [{ ref, type: 'chunk' }]])
    hub.socket.emit('events', nonsense)
  hub.socket.emit('expired', null)
  push(hub, ref, state('completed'), completion(1))
  expect(await all({ [Symbol.asyncIterator]: () => iterator })).toEqual(['completed', 'ok'])
})

test.each([
  [undefined, undefined, 'expected a relay or the promise of one, got undefined'],
  [job.new(), undefined, 'expected a relay or the promise of one, got an object'],
  [{ ref: mintRef(), conflict: false, job: null }, { signal: {} }, 'signal: expected an AbortSignal, got an object'],
])('watch throws at once for what is no relay or no signal (%#)', async (relay, options, message) => {
  await using client = connect('http://127.0.0.1:1')
  expect(() => client.watch(relay as never, options as never)).toThrow(
    new TypeError(`${message}${options ? '' : '; client.attach makes one of a ref'}`),
  )
})
