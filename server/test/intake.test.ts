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
import { type Store, StoreUnavailable } from '#server/store/store.js'
import { TelemetryBus } from '#server/telemetry.js'
import { Watchers } from '#server/watchers.js'
import { aJob, insert, tenant } from './store/conformance/harness.js'
import { openedStore } from './store/openedStore.js'
import { workerSession } from './workerSession.js'

/** An intake over a store in memory, and the courier in whose rooms its callers wait. */
async function openIntake(through: (store: Store) => Store = (store) => store) {
  const store = through((await openedStore('memory:')).store)
  const [roster, notifier, telemetry, clock] = [new Roster(), new LocalNotifier(), new TelemetryBus(), systemClock]
  const herald = new Herald({ notifier, telemetry })
  const dispatcher = new Dispatcher({ roster, store, notifier, herald, telemetry, clock })
  const [courier, watchers] = [new Courier(store, roster), new Watchers(store, clock)]
  const attendant = new Attendant({ store, courier, watchers, canceller: {} as Canceller, telemetry, clock }, 30_000)
  const stager = new Stager({ store, dispatcher, notifier, telemetry })
  return { store, roster, courier, intake: new Intake({ store, notifier, dispatcher, courier, attendant, stager, telemetry }) }
}

/** A store that notes whose jobs are given to it, in order. */
function noting(order: string[]): (store: Store) => Store {
  return (store) => ({
    ...store,
    insert: (insertions, claims) => {
      for (const insertion of insertions) order.push(insertion.tenant)
      return store.insert(insertions, claims)
    },
  })
}

function connect(of = tenant): ClientSession {
  const tell = { outcomes: () => {}, events: () => {}, expired: () => {} }
  return { id: mintRef(), tenant: of, seesTraces: true, rooms: new Set(), watched: new Set(), tell }
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

test('a job whose slot went to an older one takes the next that is free', async () => {
  const { store, roster, intake } = await openIntake()
  const [older, newer] = [aJob({ args: '"older"' }), aJob({ args: '"newer"' })]
  // As another hub stores it, where no worker is.
  await insert(store, [older])
  const performed: string[] = []
  roster.join(workerSession({ slots: { default: 2 }, tell: { perform: (given) => void performed.push(...given.map(({ args }) => args)) } }))
  await intake.submit(connect(), [newer], false)
  await expect.poll(() => performed).toEqual([older.args, newer.args])
})

const jobs = (count: number, fields: Parameters<typeof aJob>[0] = {}) => Array.from({ length: count }, () => aJob(fields))

test('one tenant’s flood does not keep another’s job from being stored', async () => {
  const order: string[] = []
  const { intake } = await openIntake(noting(order))
  const flood = [1, 2, 3].map(() => connect('flood')).map((session) => intake.submit(session, jobs(10_000), false))
  // The flood is on its way to the store by then.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const before = order.length
  const [answer] = await intake.submit(connect('single'), jobs(1), false)
  expect(answer).toHaveProperty('name')
  expect(before).toBeGreaterThan(0)
  expect(order.indexOf('single') - before).toBeLessThan(2_500)
  const answers = await Promise.all(flood)
  expect(answers.flat().filter((each) => 'name' in each)).toHaveLength(30_000)
})

test('nor do many large args, nor another connection of the same tenant', async () => {
  const order: string[] = []
  const { intake } = await openIntake(noting(order))
  const large = intake.submit(connect('flood'), jobs(300, { args: 'x'.repeat(100_000) }), false)
  const many = intake.submit(connect('flood'), jobs(5_000), false)
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const before = order.length
  await intake.submit(connect('flood'), jobs(1), false)
  expect(order.length - before).toBeLessThan(2_500)
  await Promise.all([large, many])
})

test('a message is answered in its order, however it was cut', async () => {
  const { intake } = await openIntake()
  const all = jobs(1_000)
  const again = all.map((job, i) => (i % 2 ? job : { ...job, priority: 1 }))
  expect((await intake.submit(connect(), all, false)).map(({ ref }) => ref)).toEqual(all.map(({ ref }) => ref))
  const answers = await intake.submit(connect(), again, false)
  expect(answers.map((each, i) => each.ref === all[i]?.ref && ('refused' in each ? each.refused.code : 'stored'))).toEqual(
    all.map((_, i) => (i % 2 ? 'stored' : 'ref_conflict')),
  )
  expect(intake.idle).toBe(true)
})

test('jobs that stand or fall together are never cut', async () => {
  const { store, intake } = await openIntake()
  const all = jobs(2_000)
  const spoilt = { ...(all[1_999] as (typeof all)[0]), priority: 1 }
  await intake.submit(connect(), [spoilt], false)
  const answers = await intake.submit(connect(), all, true)
  expect(answers.every((each) => 'refused' in each)).toBe(true)
  expect(await store.read([{ tenant, ref: all[0]?.ref ?? '' }])).toEqual([{ type: 'not_found' }])
})

test('when the store fails under a part of a message, its jobs are refused one by one, and wait in no room', async () => {
  let calls = 0
  const failing = (store: Store): Store => ({
    ...store,
    insert: (...args) => {
      calls += 1
      return calls === 2 ? Promise.reject(new StoreUnavailable('full')) : store.insert(...args)
    },
  })
  const { courier, intake } = await openIntake(failing)
  const all = jobs(3_000).map((job) => ({ ...job, want: 'any' as const }))
  const answers = await intake.submit(connect(), all, false)
  const refused = answers.filter((each) => 'refused' in each && each.refused.code === 'store_unavailable')
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThan(3_000)
  expect(courier.size).toBe(3_000 - refused.length)
  expect(intake.idle).toBe(true)
})
