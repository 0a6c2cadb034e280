import { describe, expect } from 'vitest'
import { Load } from '#e2e/faults/load.js'
import type { Program } from '#e2e/harness/program.js'
import { checkHistory } from '#e2e/history/checkHistory.js'
import type { Event } from '#e2e/history/event.js'
import { expectSound, test } from './test.js'

const shortLease = ['--lease', '1000']

/** How many events of this type there are. */
function count(events: readonly Event[], type: Event['type']): number {
  return events.filter((event) => event.type === type).length
}

describe('under load on one hub every guarantee holds', () => {
  test('while nothing is broken', async ({ house }) => {
    const load = await Load.start(house)
    await load.more(200)
    const events = await load.finish()
    expectSound(checkHistory(events))
    expect(count(events, 'ack')).toBeGreaterThanOrEqual(200)
    expect(count(events, 'verdict')).toBeGreaterThanOrEqual(200)
    expect(count(events, 'told')).toBeGreaterThanOrEqual(200)
  })

  test('when the hub is killed again and again, and started again', async ({ house }) => {
    const load = await Load.start(house, { flags: shortLease })
    for (let i = 1; i <= 3; i += 1) {
      await load.more(60)
      await load.whileBroken(`kill ${i} of the hub`, () => load.hubs[0]?.restart('SIGKILL') as Promise<void>)
    }
    await load.more(60)
    expectSound(checkHistory(await load.finish()))
  })

  test('when a worker is killed', async ({ house }) => {
    const load = await Load.start(house, { flags: shortLease, longest: 600 })
    await load.more(30)
    await load.whileBroken('a worker is killed', async () => {
      await load.workers[0]?.stop('SIGKILL')
      await load.more(30)
    })
    const events = await load.finish()
    expectSound(checkHistory(events))
    const outcomes = events.flatMap((event) => (event.type === 'end' && event.standing === 'job' ? event.outcomes : []))
    expect(outcomes.filter(({ code }) => code === 'crashed').length, 'jobs of the killed worker').toBeGreaterThan(0)
  })

  test('when a worker is frozen past its leases, and then goes on', async ({ house }) => {
    const load = await Load.start(house, { flags: shortLease })
    await load.more(30)
    const [sleeper] = load.workers as [Program]
    await load.whileBroken('a worker sleeps', () => load.outlast(sleeper))
    await load.more(30)
    const events = await load.finish()
    expectSound(checkHistory(events))
    const late = events.filter((event) => event.type === 'verdict' && event.verdict === 'stale')
    expect(late.length, 'the sleeper settled late, in vain').toBeGreaterThan(0)
  })
})
