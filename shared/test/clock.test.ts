import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { after, steadyClock, stopwatch } from '#shared/index.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a steady clock stands still while its source is behind', () => {
  const times = [5, 9, 3, 8, 12]
  const clock = steadyClock({ now: () => times.shift() as number })
  expect([1, 2, 3, 4, 5].map(() => clock.now())).toEqual([5, 9, 9, 9, 12])
})

test('a stopwatch counts fractions of a millisecond, whatever becomes of the wall clock', () => {
  vi.useRealTimers()
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  const begun = stopwatch.now()
  vi.setSystemTime(-3_600_000)
  const times = Array.from({ length: 100 }, () => stopwatch.now() - begun)
  expect(times.some((ms) => ms > 0 && !Number.isInteger(ms))).toBe(true)
  expect(times.toSorted((a, b) => a - b)).toEqual(times)
  expect(stopwatch.now() - begun).toBeLessThan(60_000)
})

test('after fires once at its delay', () => {
  const fired = vi.fn()
  after(1_000, fired)
  vi.advanceTimersByTime(999)
  expect(fired).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  vi.advanceTimersByTime(100_000)
  expect(fired).toHaveBeenCalledOnce()
})

test('a delay beyond the longest timer is kept', () => {
  const fired = vi.fn()
  const delay = 2 ** 31 + 5_000
  after(delay, fired)
  vi.advanceTimersByTime(delay - 1)
  expect(fired).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(fired).toHaveBeenCalledOnce()
})

test('Infinity never fires and sets no timer', () => {
  after(Number.POSITIVE_INFINITY, () => expect.unreachable())
  expect(vi.getTimerCount()).toBe(0)
})

test('a prevented delay never fires, also in its later stretches', () => {
  const prevent = after(2 ** 32, () => expect.unreachable())
  vi.advanceTimersByTime(2 ** 31 + 10)
  prevent()
  expect(vi.getTimerCount()).toBe(0)
})
