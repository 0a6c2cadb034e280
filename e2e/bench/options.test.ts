import { describe, expect, it } from 'vitest'
import { needsRedis, readOptions } from '#e2e/bench/options.js'

describe('readOptions', () => {
  it('refuses several hubs on a store that hubs cannot share', () => {
    expect(() => readOptions(['--hubs', '1,2'])).toThrow('--hubs: expected --store postgres')
  })

  it('refuses a system that there is none of, and names those there are', () => {
    expect(() => readOptions(['--systems', 'relay,redis'])).toThrow(
      '--systems: expected relay, bullmq-always, bullmq-everysec, anchorleg, got "redis"',
    )
  })

  it('keeps hubs busy by default, where one job at a time would measure their idling', () => {
    expect(readOptions(['--store', 'postgres', '--hubs', '1,2,4'])).toMatchObject({ hubs: [1, 2, 4], outstanding: [64, 1000] })
    expect(readOptions([])).toMatchObject({ hubs: undefined, outstanding: [1, 64, 1000] })
  })
})

describe('needsRedis', () => {
  it('is so where BullMQ is to be measured, and nowhere else', () => {
    const runs = [[], ['--systems', 'relay,bullmq-everysec'], ['--systems', 'relay,anchorleg'], ['--help'], ['--uploads'], ['--systems', 'redis']]
    expect(runs.map(needsRedis)).toEqual([true, true, false, false, false, false])
    expect(needsRedis(['--store', 'postgres', '--hubs', '1,2'])).toBe(false)
  })
})
