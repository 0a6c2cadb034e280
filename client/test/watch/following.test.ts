import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { connect, defineJob } from '#client/index.js'
import { failedOutcome, okOutcome, ScriptedHub, storeAll } from '../support/scriptedHub.js'
import { all, asked, chunk, completion, finished, nextWord, progress, push, pushed, rest, stored, watch } from '../support/watchScripts.js'

const job = defineJob({ name: 'job' })

test('a watcher gets what is stored, then what happens, and ends after the final outcome', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { progress: progress(0.5), chunks: [chunk(0)] }) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect((await iterator.next()).value).toStrictEqual({ type: 'state', attempt: 1, state: 'executing', at: new Date(5) })
  expect((await iterator.next()).value).toStrictEqual({ type: 'progress', attempt: 1, value: 0.5 })
  expect((await iterator.next()).value).toStrictEqual({ type: 'chunk', attempt: 1, index: 0, value: '1.0' })
  push(hub, relay.ref, pushed.chunk(1), completion({ a: 1 }, { chunks: 2 }))
  expect((await iterator.next()).value).toStrictEqual({ type: 'chunk', attempt: 1, index: 1, value: '1.1' })
  expect(await nextWord(iterator)).toBe('completed')
  expect((await iterator.next()).value).toStrictEqual({ type: 'outcome', attempt: 1, final: true, result: { type: 'ok', value: { a: 1 } } })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
  expect(hub.heard.map(({ event }) => event)).toEqual(['watch'])
  expect(asked(await hub.nth('watch'))).toEqual([{ ref: relay.ref }])
})

test('a retried attempt does not end the watch', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect(await nextWord(iterator)).toBe('executing')
  push(hub, relay.ref, pushed.outcome(failedOutcome('x'), 'retryable'), pushed.state('available'), pushed.state('executing', 2))
  push(hub, relay.ref, completion(1, { number: 2, attempt: 2 }))
  expect(await rest(iterator)).toEqual(['retryable', 'error', 'available', 'executing', 'completed', 'ok'])
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
  expect(hub.all('watch').map((heard) => asked(heard)[0]?.from)).toEqual([undefined, { run: 1, index: 2, number: 0 }])
})

test('what happens while the answer is on its way is neither lost nor told twice', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  const first = nextWord(iterator)
  const heard = await hub.nth('watch')
  push(hub, relay.ref, pushed.state('executing'), pushed.chunk(0), pushed.chunk(1))
  heard.answer({ ok: stored('executing', 1, { chunks: [chunk(0)] })(heard) })
  push(hub, relay.ref, completion(1, { chunks: 2 }))
  expect([await first, ...(await rest(iterator))]).toEqual(['executing', 'chunk 1.0', 'chunk 1.1', 'completed', 'ok'])
  expect(hub.all('watch')).toHaveLength(1)
})

test('a gap makes the watcher ask from where it is, before it tells more', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect([await nextWord(iterator), await nextWord(iterator)]).toEqual(['executing', 'chunk 1.0'])
  hub.scripts = { watch: stored('completed', 1, { chunks: [chunk(1), chunk(2)], outcomes: [okOutcome(1, { chunks: 3 })] }) }
  push(hub, relay.ref, completion(1, { chunks: 3 }))
  expect(await rest(iterator)).toEqual(['completed', 'chunk 1.1', 'chunk 1.2', 'ok'])
  expect(asked(await hub.nth('watch', 2))).toEqual([{ ref: relay.ref, from: { run: 1, index: 1, number: 0 } }])
})

test('after a reconnect every watcher asks from where it is, and tells nothing twice', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0)] }) })
  await using client = connect(hub.url)
  const [one, other] = [watch(client), watch(client)]
  for (const { iterator } of [one, other]) expect([await nextWord(iterator), await nextWord(iterator)]).toEqual(['executing', 'chunk 1.0'])
  hub.scripts = { watch: stored('completed', 1, { chunks: [chunk(1)], outcomes: [okOutcome(1, { chunks: 2 })] }) }
  const before = hub.all('watch').length
  hub.cut()
  for (const { iterator } of [one, other]) expect(await rest(iterator)).toEqual(['completed', 'chunk 1.1', 'ok'])
  expect(asked(await hub.nth('watch', before + 1))).toEqual(
    [one, other].map(({ relay }) => ({ ref: relay.ref, from: { run: 1, index: 1, number: 0 } })),
  )
})

test('an attempt that was handed back and run anew during a break is told from its first chunk on, once', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1, { chunks: [chunk(0), chunk(1)] }) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  for (const word of ['executing', 'chunk 1.0', 'chunk 1.1']) expect(await nextWord(iterator)).toBe(word)
  hub.scripts = { watch: stored('executing', 1, { run: 2, chunks: [chunk(0), chunk(1), chunk(2)] }) }
  hub.cut()
  for (const word of ['executing', 'chunk 1.0', 'chunk 1.1', 'chunk 1.2']) expect(await nextWord(iterator)).toBe(word)
  expect(asked(await hub.nth('watch', 2))).toEqual([{ ref: relay.ref, from: { run: 1, index: 2, number: 0 } }])
  hub.scripts = { watch: stored('completed', 1, { run: 2, outcomes: [okOutcome(1, { chunks: 3 })] }) }
  hub.cut()
  expect(await rest(iterator)).toEqual(['completed', 'ok'])
  expect(asked(await hub.nth('watch', 3))).toEqual([{ ref: relay.ref, from: { run: 2, index: 3, number: 0 } }])
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
  push(hub, relay.ref, completion(1))
  expect(await rest(iterator)).toEqual(['progress 2', 'completed', 'ok'])
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

test('a slow reader misses no chunk and no outcome, only progress that newer progress has overtaken', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1), look: () => [] })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  expect(await nextWord(iterator)).toBe('executing')
  for (let i = 0; i < 50; i += 1) push(hub, relay.ref, pushed.progress(i), pushed.chunk(i))
  push(hub, relay.ref, completion(1, { chunks: 50 }))
  // An answer comes behind everything that was pushed before it.
  await client.await(client.attach(mintRef()), 0)
  const words = await rest(iterator)
  expect(words).toEqual([...Array.from({ length: 49 }, (_, i) => `chunk 1.${i}`), 'progress 49', 'chunk 1.49', 'completed', 'ok'])
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
  push(hub, ref, completion(1))
  expect(await rest(iterator)).toEqual(['completed', 'ok'])
})
