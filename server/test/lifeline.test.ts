import { type Lease, systemClock } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { Dispatcher } from '#server/dispatcher.js'
import { Herald } from '#server/herald.js'
import { Lifeline } from '#server/lifeline.js'
import type { Signal } from '#server/notifier/notifier.js'
import { Roster } from '#server/roster.js'
import { TelemetryBus } from '#server/telemetry.js'
import { aJob, insert, leaseOf, only, settings, start } from './store/conformance/harness.js'
import { openedStore } from './store/openedStore.js'
import { workerSession } from './workerSession.js'

/** A lifeline over a store in memory, and one worker with one slot; `lost` and `perform` are what that was told. */
async function openLifeline() {
  const { store, advance } = await openedStore('memory:')
  const [roster, telemetry, published] = [new Roster(), new TelemetryBus(), [] as Signal[]]
  const notifier = { publish: (signal: Signal) => void published.push(signal), subscribe: () => {}, close: async () => {} }
  const rooms = { roster, store, notifier, telemetry, herald: new Herald({ notifier, telemetry }), clock: systemClock }
  const dispatcher = new Dispatcher(rooms)
  const lifeline = new Lifeline({ ...rooms, dispatcher }, { leaseMs: settings.leaseMs, graceMs: 1_000 })
  const told = { lost: [] as Lease[], perform: [] as string[] }
  const session = workerSession({
    tell: {
      perform: (assignments) => void told.perform.push(...assignments.map(({ jobId }) => jobId)),
      lost: (leases) => void told.lost.push(...leases),
    },
  })
  roster.join(session)
  const expireElsewhere = async () => {
    advance(settings.leaseMs)
    return only(await store.expire(10)).lease
  }
  return { store, roster, lifeline, session, told, published, expireElsewhere }
}

test('a job that another hub took from its worker frees its slot when its lease is next renewed: the next job comes', async () => {
  const { store, roster, lifeline, session, told, expireElsewhere } = await openLifeline()
  const { assignment } = await start(store, { maxAttempts: 1 })
  roster.hold(session, leaseOf(assignment), 'default')
  await insert(store, [aJob()])
  const lost = await expireElsewhere()
  expect(await lifeline.renew([lost])).toEqual([false])
  await expect.poll(() => told.perform).toHaveLength(1)
  expect(told.lost).toEqual([lost])
})

test('a lost lease that is renewed over another hub than its worker’s is told on', async () => {
  const { store, lifeline, published, expireElsewhere } = await openLifeline()
  await start(store, { maxAttempts: 1 })
  const lost = await expireElsewhere()
  expect(await lifeline.renew([lost])).toEqual([false])
  expect(published).toContainEqual({ type: 'lost', leases: [lost], silent: false })
})
