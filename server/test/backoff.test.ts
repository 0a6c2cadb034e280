import { describe, expect, test } from 'vitest'
import { defaultBackoff, jitter } from '#server/backoff.js'

const least = () => 0
const most = () => 1 - Number.EPSILON

describe('the default backoff', () => {
  test.each([
    [1, 17],
    [2, 19],
    [3, 23],
    [4, 31],
    [5, 47],
    [10, 1_039],
    [15, 32_783],
    [20, 1_048_591],
  ])('after attempt %i of up to 20 is %i seconds and up to a tenth more', (attempt, base) => {
    for (const maxAttempts of [attempt, 20]) {
      expect(defaultBackoff(attempt, maxAttempts, least)).toBe(base)
      expect(defaultBackoff(attempt, maxAttempts, () => 0.5)).toBeCloseTo(base * 1.05, 6)
      expect(defaultBackoff(attempt, maxAttempts, most)).toBeCloseTo(base * 1.1, 6)
      expect(defaultBackoff(attempt, maxAttempts, most)).toBeLessThanOrEqual(base * 1.1)
    }
  })

  test.each([
    [1, 21, 1],
    [21, 21, 20],
    [1, 100, 0],
    [3, 100, 1],
    [50, 100, 10],
    [99, 100, 20],
    [100, 100, 20],
    [500_000, 1_000_000, 10],
  ])('of attempt %i of %i is that of attempt %i of 20', (attempt, maxAttempts, scaled) => {
    expect(defaultBackoff(attempt, maxAttempts, least)).toBe(15 + 2 ** scaled)
  })

  test('never shrinks from one attempt to the next', () => {
    for (const maxAttempts of [1, 5, 20, 21, 50, 1_000]) {
      const ladder = Array.from({ length: maxAttempts }, (_, i) => defaultBackoff(i + 1, maxAttempts, least))
      expect(ladder).toEqual([...ladder].sort((a, b) => a - b))
    }
  })

  test('is finite for every attempt a job may have', () => {
    for (const attempt of [0, 1, 100, 101, 1_000_000]) expect(defaultBackoff(attempt, 20, most)).toBeLessThan(1.5e30)
  })

  test('the chance outside tests lies between 0 and 1', () => {
    for (let i = 0; i < 1_000; i++) {
      const chance = jitter()
      expect(chance >= 0 && chance < 1).toBe(true)
    }
  })
})
