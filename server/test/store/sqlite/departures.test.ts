import { expect, test } from 'vitest'
import { Departures } from '#server/store/sqlite/departures.js'

/** Syncs that end when the test says so, and what has left by then. */
function aStation() {
  const syncs: { end: () => void; fail: (trouble: Error) => void }[] = []
  const left: [things: readonly string[], trouble?: unknown][] = []
  const sync = () => new Promise<void>((end, fail) => syncs.push({ end, fail }))
  return { syncs, left, departures: new Departures<string>(sync, (...leaving) => left.push(leaving)) }
}

test('a thing leaves once it is synced, and those that come meanwhile share the next sync', async () => {
  const { syncs, left, departures } = aStation()
  departures.add('a', false)
  departures.add('b', false)
  departures.add('c', false)
  expect(left).toEqual([])
  syncs[0]?.end()
  await expect.poll(() => syncs.length).toBe(2)
  expect(left).toEqual([[['a']]])
  syncs[1]?.end()
  await departures.done()
  expect(left).toEqual([[['a']], [['b', 'c']]])
  expect(syncs).toHaveLength(2)
})

test('what was only read leaves at once, but not ahead of what it may have read', async () => {
  const { syncs, left, departures } = aStation()
  departures.add('read', true)
  expect(left).toEqual([[['read']]])
  departures.add('written', false)
  departures.add('read after it', true)
  expect(left).toHaveLength(1)
  syncs[0]?.end()
  await expect.poll(() => syncs.length).toBe(2)
  syncs[1]?.end()
  await departures.done()
  expect(left.slice(1)).toEqual([[['written']], [['read after it']]])
})

test('a failed sync is told to those who waited for it, and the next ones are tried again', async () => {
  const { syncs, left, departures } = aStation()
  const trouble = new Error('EIO')
  departures.add('a', false)
  departures.add('b', false)
  syncs[0]?.fail(trouble)
  await expect.poll(() => syncs.length).toBe(2)
  syncs[1]?.end()
  await departures.done()
  expect(left).toEqual([[['a'], trouble], [['b']]])
})
