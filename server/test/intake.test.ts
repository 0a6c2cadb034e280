import { mintRef, systemClock } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { Attendant } from '#server/attendant.js'
import type { Canceller } from '#server/canceller.js'
import { type ClientSession, Courier } from '#server/courier.js'
import { Dispatcher } from '#server/dispatcher.js'
import { Herald } from '#server/herald.js'
import { Intake } from '#server/intake.js'
import { LocalNotifier } from '#server/notifier/localNotifier.js'
import { Roster } from '#server/roster.js'
import { Stager } from '#server/stager.js'
import { TelemetryBus } from '#server/telemetry.js'
import { Watchers } from '#server/watchers.js'
import { aJob, tenant } from './store/conformance/harness.js'
import { openedStore } from './store/openedStore.js'

/** An intake over a store in memory, and the courier in whose rooms its callers wait. */
async function openIntake() {
  const { store } = await openedStore('memory:')
  const [roster, notifier, telemetry, clock] = [new Roster(), new LocalNotifier(), new TelemetryBus(), systemClock]
  const herald = new Herald({ notifier, telemetry })
  const dispatcher = new Dispatcher({ roster, store, notifier, herald, telemetry, clock })
  const [courier, watchers] = [new Courier(store, roster), new Watchers(store, clock)]
  const attendant = new Attendant({ store, courier, watchers, canceller: {} as Canceller, telemetry, clock }, 30_000)
  const stager = new Stager({ store, dispatcher, notifier, telemetry })
  return { store, courier, intake: new Intake({ store, notifier, dispatcher, courier, attendant, stager, telemetry }) }
}

function connect(): ClientSession {
  const tell = { outcomes: () => {}, events: () => {}, expired: () => {} }
  return { id: mintRef(), tenant, seesTraces: true, rooms: new Set(), watched: new Set(), tell }
}

test('a caller that resends a job and leaves before the answer is in no room afterwards', async () => {
  const { store, courier, intake } = await openIntake()
  const job = { ...aJob(), want: 'any' as const }
  await intake.submit(connect(), [aJob({ ref: job.ref })], false)
  const session = connect()
  const answered = intake.submit(session, [job], false)
  expect(courier.size).toBe(1)
  courier.leaveAll(session)
  expect(await answered).toMatchObject([{ ref: job.ref, conflict: false }])
  // Behind the look for an outcome that came before, which follows the answer.
  await store.read([])
  expect([courier.size, session.rooms.size]).toEqual([0, 0])
})
