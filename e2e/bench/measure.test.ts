import { describe, expect, it } from 'vitest'
import { quantile, spreadOf } from '#e2e/bench/measure.js'

describe('quantile', () => {
  it('is the smallest value that the share of values does not exceed, whatever their order', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile(hundred, 1), quantile(hundred, 0)]).toEqual([50, 99, 100, 1])
  })

  it('sorts numbers as numbers', () => {
    expect(quantile([9, 10, 100], 0.5)).toBe(10)
  })

  it('has no value for no values', () => {
    expect(quantile([], 0.5)).toBeNaN()
  })
})

describe('spreadOf', () => {
  it('takes the middle of an odd number of values', () => {
    expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
  })

  it('takes the mean of the middle two of an even number', () => {
    expect(spreadOf([1, 2, 4, 100])).toEqual({ median: 3, min: 1, max: 100 })
  })
})
