import { type Assignment, mintLease, systemClock } from '@anchorleg/shared'
import { beforeEach, expect, test } from 'vitest'
import { Dispatcher } from '#server/dispatcher.js'
import { Herald } from '#server/herald.js'
import { LocalNotifier } from '#server/notifier/localNotifier.js'
import type { Notifier, Signal } from '#server/notifier/notifier.js'
import { Roster, type WorkerSession } from '#server/roster.js'
import type { Claimed, ClaimRequest, Store } from '#server/store/store.js'
import { TelemetryBus } from '#server/telemetry.js'
import { aJob, insert, requestCancel, tenant } from './store/conformance/harness.js'
import { openedStore } from './store/openedStore.js'
import { workerSession } from './workerSession.js'

/** A store of names of available jobs whose every claim answers when the test says so. */
class HeldStore {
  readonly available: string[] = []
  readonly open: (() => void)[] = []
  readonly released: string[] = []
  failing = false

  claim(requests: readonly ClaimRequest[]): Promise<Claimed[]> {
    const claimed = this.failing ? [] : this.take(requests)
    return new Promise((resolve, reject) => this.open.push(() => (this.failing ? reject(new Error('away')) : resolve(claimed))))
  }

  take(requests: readonly ClaimRequest[]): Claimed[] {
    return requests.flatMap(({ worker, names, limit, queue }) =>
      this.available.splice(0, limit).map((name) => {
        expect(names).toContain(name)
        return { worker, run: 1, assignment: assignment(name, queue) }
      }),
    )
  }

  async release(leases: { jobId: string }[]) {
    this.released.push(...leases.map(({ jobId }) => jobId))
    return leases.map(() => ({ queue: 'default', name: 'double' }))
  }
}

let jobs = 0
function assignment(name: string, queue: string): Assignment {
  jobs += 1
  return { jobId: String(jobs), lease: mintLease(), name, queue, attempt: 1, maxAttempts: 20, scheduledAt: 0, meta: {}, codec: 'd6', args: '[1]' }
}

let store: HeldStore
let roster: Roster
let dispatcher: Dispatcher

beforeEach(() => {
  store = new HeldStore()
  roster = new Roster()
  const [notifier, telemetry] = [new LocalNotifier(), new TelemetryBus()]
  dispatcher = new Dispatcher({
    roster,
    store: store as unknown as Store,
    notifier,
    herald: new Herald({ notifier, telemetry }),
    telemetry,
    clock: systemClock,
  })
})

function join(slots: number, id = 'worker'): WorkerSession & { got: Assignment[] } {
  const got: Assignment[] = []
  const tell = { perform: (assignments: Assignment[]) => void got.push(...assignments) }
  const session = { ...workerSession({ id, slots: { default: slots }, tell }), got }
  roster.join(session)
  return session
}

const turn = () => new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)))
const one = [{ queue: 'default', name: 'double', tenants: new Set([tenant]), count: 1 }]

test('a job stored while a claim that is too early holds every slot is claimed when that claim comes back empty', async () => {
  const worker = join(1)
  dispatcher.fill()
  await turn()
  const pledge = dispatcher.pledgeFor(one)
  expect(pledge.requests).toEqual([])
  store.available.push('double')
  dispatcher.deliver(pledge, [])
  store.open.shift()?.()
  await turn()
  store.open.shift()?.()
  await turn()
  expect(worker.got).toHaveLength(1)
})

test('a fill that finds every slot pledged is made up for', async () => {
  const worker = join(1)
  const early = dispatcher.pledgeFor(one)
  store.available.push('double')
  dispatcher.fill()
  await turn()
  expect(store.open).toEqual([])
  dispatcher.deliver(early, [])
  await turn()
  store.open.shift()?.()
  await turn()
  expect(worker.got).toHaveLength(1)
})

test('a job that meets a free slot causes no further claim', async () => {
  const worker = join(10)
  const pledge = dispatcher.pledgeFor(one)
  store.available.push('double')
  dispatcher.deliver(pledge, store.take(pledge.requests))
  await turn()
  expect(worker.got).toHaveLength(1)
  expect(store.open).toEqual([])
})

test('jobs of a worker that left before they were delivered are given back', async () => {
  const worker = join(1)
  const pledge = dispatcher.pledgeFor(one)
  store.available.push('double')
  const claimed = store.take(pledge.requests)
  roster.leave(worker.id)
  dispatcher.deliver(pledge, claimed)
  await turn()
  expect(store.released).toEqual(claimed.map(({ assignment }) => assignment.jobId))
})

test('of jobs given back, those that were to be cancelled are announced as that, and telemetry hears that the others wait again', async () => {
  const { store } = await openedStore('memory:')
  const [notifier, telemetry] = [new LocalNotifier(), new TelemetryBus()]
  const herald = new Herald({ notifier, telemetry })
  const announced: [string, string][] = []
  herald.subscribe((announcements) => announced.push(...announcements.map(({ refs, state }): [string, string] => [refs[0] as string, state])))
  const available: string[] = []
  telemetry.subscribe((event) => void (event.type === 'job.available' && available.push(event.jobId)))
  const own = new Dispatcher({ roster, store, notifier, herald, telemetry, clock: systemClock })
  const worker = join(2)
  const jobs = [aJob({ name: 'double' }), aJob({ name: 'double' })]
  await insert(store, jobs)
  const pledge = own.pledgeFor([{ queue: 'default', name: 'double', tenants: new Set([tenant]), count: 2 }])
  const claimed = await store.claim(pledge.requests)
  roster.leave(worker.id)
  await requestCancel(store, { tenant, ref: jobs[0]?.ref as string })
  own.deliver(pledge, claimed)
  await own.idle()
  expect(announced).toEqual([[jobs[0]?.ref, 'cancelled']])
  expect(available).toEqual([claimed[1]?.assignment.jobId])
})

test('when a claim fails, its slots are free again', async () => {
  join(1)
  store.failing = true
  dispatcher.fill()
  await turn()
  store.open.shift()?.()
  await turn()
  expect(dispatcher.pledgeFor(one).requests).toHaveLength(1)
})

test('a stopped dispatcher pledges and claims nothing', async () => {
  join(1)
  dispatcher.stop()
  dispatcher.fill()
  await turn()
  expect(dispatcher.pledgeFor(one).requests).toEqual([])
  expect(store.open).toEqual([])
})

test('it is idle only once claims under way have come back and what they strand is given back', async () => {
  const worker = join(1)
  store.available.push('double')
  dispatcher.fill()
  await turn()
  roster.leave(worker.id)
  dispatcher.stop()
  let released: number | undefined
  void dispatcher.idle().then(() => {
    released = store.released.length
  })
  await turn()
  expect(released).toBeUndefined()
  store.open.shift()?.()
  await turn()
  expect(released).toBe(1)
  await dispatcher.idle()
})

test('room in a limited queue that nobody here takes is told to the other hubs', () => {
  const told: Signal[] = []
  const notifier = { ...new LocalNotifier(), publish: (signal: Signal) => void told.push(signal) } as Notifier
  const telemetry = new TelemetryBus()
  const herald = new Herald({ notifier, telemetry })
  const own = new Dispatcher({ roster, store: store as unknown as Store, notifier, herald, telemetry, clock: systemClock })
  own.limit('limited', true)
  const claimed = [{ worker: 'worker', run: 1, assignment: assignment('double', 'limited') }]
  own.ended([['default', 3]], [])
  own.ended([['limited', 1]], claimed)
  expect(told).toEqual([])
  own.ended([['limited', 2]], claimed)
  expect(told).toEqual([{ type: 'available', lanes: [{ queue: 'limited' }] }])
})
