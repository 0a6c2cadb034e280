import { Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { histogramOf, Spread } from '#server/spread.js'

const bounds = [0.001, 0.5, 1, 60]
const about = { name: 'waits', help: 'How long each waited.' }

test('a spread is told as the histogram of the library tells the same values', async () => {
  const own = new Registry()
  const spreads = new Map([
    ['a', new Spread(bounds)],
    ['say "b"', new Spread(bounds)],
    ['never seen', new Spread(bounds)],
  ])
  const samples = () => [...spreads].flatMap(([queue, spread]) => spread.samples(about.name, { queue }))
  own.registerMetric(histogramOf(about, samples))
  const theirs = new Registry()
  const histogram = new Histogram({ ...about, buckets: bounds, labelNames: ['queue'], registers: [theirs] })
  expect(await own.metrics()).toBe(await theirs.metrics())
  const values = [0, 0.0005, 0.001, 0.0011, 0.5, 0.7, 1, 59.9, 60, 61, 3_600]
  for (const [i, value] of values.entries()) {
    const queue = i % 3 === 0 ? 'say "b"' : 'a'
    spreads.get(queue)?.add(value)
    histogram.observe({ queue }, value)
  }
  const [lines, expected] = [await own.metrics(), await theirs.metrics()].map((text) => text.split('\n').sort())
  expect(lines).toEqual(expected)
  expect(lines).toContain('waits_bucket{le="+Inf",queue="a"} 7')
})
