import { expect, test } from 'vitest'
import { Departures } from '#server/store/sqlite/departures.js'

/** Syncs that end when the test says so, and what has left by then. */
function aStation(now = () => {}) {
  const syncs: { end: () => void; fail: (trouble: Error) => void }[] = []
  const left: [things: readonly string[], trouble?: unknown][] = []
  const soon = () => new Promise<void>((end, fail) => syncs.push({ end, fail }))
  return { syncs, left, departures: new Departures<string>({ soon, now }, (...leaving) => left.push(leaving)) }
}

test('a thing leaves once it is synced, and those that come meanwhile share the next sync', async () => {
  const { syncs, left, departures } = aStation()
  departures.add('a', 'soon')
  departures.add('b', 'soon')
  departures.add('c', 'soon')
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
  departures.add('read', 'unwritten')
  expect(left).toEqual([[['read']]])
  departures.add('written', 'soon')
  departures.add('read after it', 'unwritten')
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
  departures.add('a', 'soon')
  departures.add('b', 'soon')
  syncs[0]?.fail(trouble)
  await expect.poll(() => syncs.length).toBe(2)
  syncs[1]?.end()
  await departures.done()
  expect(left).toEqual([[['a'], trouble], [['b']]])
})

test('what is due now is synced in place, unless something waits already', async () => {
  const { syncs, left, departures } = aStation()
  departures.add('a', 'now')
  expect(left).toEqual([[['a']]])
  expect(syncs).toHaveLength(0)
  departures.add('b', 'soon')
  departures.add('c', 'now')
  expect(left).toHaveLength(1)
  syncs[0]?.end()
  await expect.poll(() => syncs.length).toBe(2)
  syncs[1]?.end()
  await departures.done()
  expect(left.slice(1)).toEqual([[['b']], [['c']]])
})

test('a sync in place that fails is told to the one that waited for it', () => {
  const trouble = new Error('EIO')
  const { left, departures } = aStation(() => {
    throw trouble
  })
  departures.add('a', 'now')
  expect(left).toEqual([[['a'], trouble]])
})
