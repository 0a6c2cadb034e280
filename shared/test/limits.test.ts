import { expect, test } from 'vitest'
import { byteLength, cutIntoFrames, fits, frameBytesFor, frameShare } from '#shared/index.js'

test('sizes count UTF-8 bytes', () => {
  expect(byteLength('é🏃')).toBe(6)
  expect(fits('é'.repeat(10), 20)).toBe(true)
  expect(fits('é'.repeat(10), 19)).toBe(false)
  expect(fits('a'.repeat(10), 10)).toBe(true)
  expect(fits('a'.repeat(11), 10)).toBe(false)
})

test('a sealed value at the limit fits a frame however much of it must be escaped', () => {
  const limits = { argsBytes: 100_000, resultBytes: 50_000 }
  const worst = '"'.repeat(limits.argsBytes)
  expect(byteLength(JSON.stringify({ args: worst }))).toBeLessThan(frameBytesFor(limits))
  expect(frameShare(worst)).toBeGreaterThanOrEqual(byteLength(JSON.stringify(worst)) - 2)
})

test('frames keep order, count and weight, and one entry always goes alone if it must', () => {
  const cut = (items: number[], frameBytes: number, batch: number) => cutIntoFrames(items, { frameBytes, batch }, (n) => n)
  expect(cut([], 10, 10)).toEqual([])
  expect(cut([1, 2, 3], 100, 2)).toEqual([[1, 2], [3]])
  expect(cut([4, 4, 4, 50, 1], 10, 99)).toEqual([[4, 4], [4], [50], [1]])
})
