import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { connect } from '#client/index.js'
import { okOutcome, ScriptedHub } from '../support/scriptedHub.js'
import { all, chunk, completion, finished, nextWord, push, pushed, rest, stored, unwatched, watch } from '../support/watchScripts.js'

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
  push(hub, relay.ref, completion(1))
  expect(await rest(second)).toEqual(['completed', 'ok'])
  expect(hub.all('unwatch')).toEqual([])
})

test('a watcher that finds the job ended makes the others of its ref ask too', async () => {
  await using hub = await ScriptedHub.open({ watch: stored('executing', 1) })
  await using client = connect(hub.url)
  const { relay, iterator } = watch(client)
  await nextWord(iterator)
  hub.scripts = { watch: finished }
  expect(await all(client.watch(relay))).toEqual(['completed', 'ok'])
  expect(await rest(iterator)).toEqual(['completed', 'ok'])
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
  expect([await first, ...(await rest(iterator))]).toEqual(['executing', 'completed', 'ok'])
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
