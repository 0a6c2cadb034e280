import { getEventListeners } from 'node:events'
import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { connect, defineJob } from '#client/index.js'
import { okOutcome, ScriptedHub } from '../support/scriptedHub.js'
import { all, asked, chunk, finished, nextWord, rest, stored, unwatched, watch, wordOf } from '../support/watchScripts.js'

const job = defineJob({ name: 'job' })

test('watching a job that has ended replays it and ends, and may be done again', async () => {
  await using hub = await ScriptedHub.open({ watch: finished })
  await using client = connect(hub.url)
  const events = client.watch(client.attach(mintRef()))
  expect(await all(events)).toEqual(['completed', 'ok'])
  expect(await all(events)).toEqual(['completed', 'ok'])
  expect(hub.heard.map(({ event }) => event)).toEqual(['watch', 'watch'])
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
  expect(await rest(iterator)).toEqual(['chunk 1.0'])
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
