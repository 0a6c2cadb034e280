import { expect, test } from 'vitest'
import { Bucket } from '#server/gates/bucket.js'

function bucketOf(rate: number, burst: number) {
  const clock = { ms: 0, now: () => clock.ms }
  return { bucket: new Bucket({ rate, burst }, clock), clock }
}

test('a burst goes through at once, and what comes behind it waits for its share of a second', () => {
  const { bucket, clock } = bucketOf(100, 10)
  expect(bucket.take(10)).toBe(0)
  expect(bucket.take(5)).toBe(50)
  clock.ms += 50
  expect(bucket.take(5)).toBe(0)
})

test('what was refused takes nothing', () => {
  const { bucket, clock } = bucketOf(100, 10)
  bucket.take(10)
  for (let i = 0; i < 100; i++) bucket.take(1)
  clock.ms += 10
  expect(bucket.take(1)).toBe(0)
})

test('it holds no more than its burst, however long nothing was taken', () => {
  const { bucket, clock } = bucketOf(100, 10)
  clock.ms += 3_600_000
  expect(bucket.take(10)).toBe(0)
  expect(bucket.take(1)).toBe(10)
})

test('more than it ever holds goes through when it is full, and is paid for afterwards', () => {
  const { bucket, clock } = bucketOf(100, 10)
  expect(bucket.take(30)).toBe(0)
  expect(bucket.take(1)).toBe(210)
  clock.ms += 210
  expect(bucket.take(1)).toBe(0)
})

test('what is spent is spent, and the answer is when the debt is paid', () => {
  const { bucket, clock } = bucketOf(100, 10)
  expect(bucket.spend(10)).toBe(0)
  expect(bucket.spend(20)).toBe(200)
  clock.ms += 150
  expect(bucket.spend(0)).toBe(50)
})
