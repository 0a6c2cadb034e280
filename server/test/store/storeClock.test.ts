import { expect, test } from 'vitest'
import { storeClock } from '#server/store/storeClock.js'

function setClock(now: number) {
  const source = { at: now, now: () => source.at }
  return source
}

test('it tells whole milliseconds of its source', () => {
  const source = setClock(1000.7)
  const clock = storeClock(source)
  expect(clock.now()).toBe(1000)
  source.at = 2000.2
  expect(clock.now()).toBe(2000)
})

test('it begins no earlier than its floor', () => {
  expect(storeClock(setClock(1000), 5000).now()).toBe(5000)
  expect(storeClock(setClock(9000), 5000).now()).toBe(9000)
})

test('it never steps back, and goes on at half the pace until its source has caught up', () => {
  const source = setClock(10_000)
  const clock = storeClock(source)
  clock.now()
  source.at = 4_000
  expect(clock.now()).toBe(10_000)
  source.at = 6_000
  expect(clock.now()).toBe(11_000)
  source.at = 6_500
  expect(clock.now()).toBe(11_250)
  source.at = 20_000
  expect(clock.now()).toBe(20_000)
})

test('it ends at the time of its source, however often that was set back', () => {
  const source = setClock(100_000)
  const clock = storeClock(source, 120_000)
  let latest = 0
  for (let i = 0; i < 1_000; i++) {
    source.at += i % 10 === 0 ? -500 : 100
    const now = clock.now()
    expect(now).toBeGreaterThanOrEqual(latest)
    latest = now
  }
  source.at += 50_000
  expect(clock.now()).toBe(source.at)
})
