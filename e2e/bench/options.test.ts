import { describe, expect, it } from 'vitest'
import { needsRedis, readOptions } from '#e2e/bench/options.js'

describe('readOptions', () => {
  it('refuses several hubs on a store that hubs cannot share', () => {
    expect(() => readOptions(['--hubs', '1,2'])).toThrow('--hubs: expected --store postgres')
  })

  it('refuses a system that there is none of, and names those there are', () => {
    expect(() => readOptions(['--systems', 'relay,redis'])).toThrow(
      '--systems: expected relay, relay-acked, ws-relay, bullmq-always, bullmq-everysec, anchorleg, got "redis"',
    )
  })

  it('refuses a scenario that there is none of', () => {
    expect(() => readOptions(['--scenario', 'round-trips,warm-start'])).toThrow('--scenario: expected round-trips, await-many')
  })

  it('measures round trips with one job at a time, with few and with many, when nothing is said', () => {
    const options = readOptions([])
    expect(options).toMatchObject({ scenarios: ['round-trips'], hubs: undefined, said: {}, rounds: 3, measureMs: 2000 })
  })

  it('keeps what was said of loads apart, for every scenario to take', () => {
    const args = ['--scenario', 'workers-8,soak', '--outstanding', '64,10', '--value', '10', '--jobs', '500']
    expect(readOptions(args)).toMatchObject({ scenarios: ['workers-8', 'soak'], said: { outstanding: [64, 10], valueBytes: 10 }, jobs: 500 })
  })

  it('takes only whole numbers where parts of one are nonsense', () => {
    expect(() => readOptions(['--workers', '1.5'])).toThrow('--workers: expected a whole number, got "1.5"')
    expect(() => readOptions(['--jobs', '0'])).toThrow('--jobs: expected a number above 0')
  })
})

describe('needsRedis', () => {
  it('is so where BullMQ is to be measured, and nowhere else', () => {
    const runs = [
      [],
      ['--systems', 'relay,bullmq-everysec'],
      ['--systems', 'relay,anchorleg'],
      ['--help'],
      ['--uploads'],
      ['--systems', 'redis'],
      ['--gate'],
    ]
    expect(runs.map(needsRedis)).toEqual([true, true, false, false, false, false, false])
    expect(needsRedis(['--store', 'postgres', '--hubs', '1,2'])).toBe(false)
    const scenarios = ['clients-1000', 'cold-start', 'soak', 'clients-1000,value-10k']
    expect(scenarios.map((name) => needsRedis(['--scenario', name]))).toEqual([false, true, false, true])
  })
})
