import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadlines } from '#shared/index.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Deadlines that write down who was due, and when. */
function recorded() {
  const rung: [string, number][] = []
  const begun = performance.now()
  const deadlines = new Deadlines<string>((entry) => rung.push([entry, performance.now() - begun]))
  return { deadlines, rung }
}

test('each entry is due once, at its own time', () => {
  const { deadlines, rung } = recorded()
  deadlines.add(100, 'a')
  vi.advanceTimersByTime(40)
  deadlines.add(100, 'b')
  deadlines.add(20, 'c')
  vi.advanceTimersByTime(10_000)
  expect(rung).toEqual([
    ['c', 60],
    ['a', 100],
    ['b', 140],
  ])
})

test('entries of one length share a timer, and none is left when they are gone', () => {
  const { deadlines, rung } = recorded()
  for (const entry of ['a', 'b', 'c']) deadlines.add(100, entry)
  expect(vi.getTimerCount()).toBe(1)
  for (const entry of ['b', 'a', 'c']) deadlines.delete(100, entry)
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(1_000)
  expect(rung).toEqual([])
})

test('where the earliest is gone, the next is due at its own time', () => {
  const { deadlines, rung } = recorded()
  deadlines.add(100, 'a')
  vi.advanceTimersByTime(50)
  deadlines.add(100, 'b')
  deadlines.delete(100, 'a')
  vi.advanceTimersByTime(1_000)
  expect(rung).toEqual([['b', 150]])
})

test('an entry that is due may be added again, and others taken away', () => {
  const rung: string[] = []
  const deadlines: Deadlines<string> = new Deadlines((entry) => {
    rung.push(entry)
    if (rung.length === 1) deadlines.add(100, entry)
    deadlines.delete(100, 'b')
  })
  deadlines.add(100, 'a')
  vi.advanceTimersByTime(1)
  deadlines.add(100, 'b')
  vi.advanceTimersByTime(1_000)
  expect(rung).toEqual(['a', 'a'])
  expect(vi.getTimerCount()).toBe(0)
})

test('Infinity is never due and sets no timer; a deadline beyond the longest timer is kept', () => {
  const { deadlines, rung } = recorded()
  deadlines.add(Number.POSITIVE_INFINITY, 'never')
  expect(vi.getTimerCount()).toBe(0)
  deadlines.add(2 ** 31 + 5_000, 'late')
  vi.advanceTimersByTime(2 ** 31 + 4_000)
  expect(rung).toEqual([])
  vi.advanceTimersByTime(1_000)
  expect(rung).toEqual([['late', 2 ** 31 + 5_000]])
})
