import { mintLease } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { freeSlots, Roster, type WorkerSession } from '#server/roster.js'
import { workerSession } from './workerSession.js'

let count = 0
function worker(slots: Record<string, number> = { default: 10 }, names = new Set(['double'])): WorkerSession {
  count += 1
  return workerSession({ id: `worker-${count}`, names, slots })
}

function rosterOf(...sessions: WorkerSession[]): Roster {
  const roster = new Roster()
  for (const session of sessions) roster.join(session)
  return roster
}

const lease = (jobId: string) => ({ jobId, lease: mintLease() })
const demand = (count: number, name = 'double') => [{ queue: 'default', name, tenants: new Set(['acme']), count }]

describe('a worker is never promised more than its free slots', () => {
  test('also while earlier promises are open', () => {
    const one = worker({ default: 3 })
    const roster = rosterOf(one)
    expect(roster.promiseFor(demand(2)).map(({ limit }) => limit)).toEqual([2])
    expect(roster.promiseFor(demand(2)).map(({ limit }) => limit)).toEqual([1])
    expect(roster.promiseFor(demand(2))).toEqual([])
  })

  test('what it holds counts, until it is freed', () => {
    const one = worker({ default: 1 })
    const roster = rosterOf(one)
    const job = lease('1')
    roster.hold(one, job, 'default')
    expect(roster.promiseFor(demand(1))).toEqual([])
    expect(roster.free(one, job)).toBe('default')
    expect(roster.promiseFor(demand(1))).toHaveLength(1)
  })

  test('a promise that is settled can be made again', () => {
    const roster = rosterOf(worker({ default: 1 }))
    const promises = roster.promiseFor(demand(1))
    roster.settlePromises(promises)
    expect(roster.promiseFor(demand(1))).toEqual(promises)
  })

  test('a draining worker is promised nothing', () => {
    const one = worker()
    one.draining = true
    expect(rosterOf(one).promiseFor(demand(1))).toEqual([])
  })

  test('a worker that fell silent is promised nothing, and nothing waits for its slots', () => {
    const one = worker()
    one.silent = true
    const roster = rosterOf(one)
    expect(roster.promiseFor(demand(1))).toEqual([])
    expect(roster.promiseAll()).toEqual([])
    expect(roster.whyWaiting({ queue: 'default', name: 'double' }, 'acme')).toBe('no_worker')
  })

  test('a queue it does not serve promises nothing', () => {
    expect(rosterOf(worker({ other: 5 })).promiseFor(demand(1))).toEqual([])
  })
})

test('workers share a demand, and take turns at being first', () => {
  const roster = rosterOf(worker(), worker())
  const firsts = [1, 2].map(() => {
    const promises = roster.promiseFor(demand(4))
    expect(promises.map(({ limit }) => limit)).toEqual([2, 2])
    roster.settlePromises(promises)
    return promises[0]?.worker
  })
  expect(new Set(firsts).size).toBe(2)
})

test('only the token that holds a slot frees it', () => {
  const one = worker({ default: 1 })
  const roster = rosterOf(one)
  roster.hold(one, lease('1'), 'default')
  expect(roster.free(one, lease('1'))).toBeUndefined()
  expect(freeSlots(one, 'default')).toBe(0)
})

test('a lease that came back on a newer connection is no longer the older one’s', () => {
  const [old, young] = [worker({ default: 1 }), worker({ default: 1 })]
  const roster = rosterOf(old, young)
  const job = lease('1')
  roster.hold(old, job, 'default')
  roster.hold(young, job, 'default')
  roster.hold(young, job, 'default')
  expect(roster.leave(old.id)).toEqual([])
  roster.free(young, job)
  expect(freeSlots(young, 'default')).toBe(1)
})

test('to hold a job, free it or find its holder, nobody looks through the other workers', () => {
  const [one, other] = [worker(), worker()]
  const roster = rosterOf(one, other)
  other.held.get = () => expect.unreachable('The other worker was looked at.')
  const job = lease('1')
  roster.hold(one, job, 'default')
  expect(roster.holderOf(job)).toBe(one)
  expect(roster.leases).toBe(1)
  roster.free(one, job)
  expect(roster.holderOf(job)).toBeUndefined()
  roster.hold(one, job, 'default')
  roster.leave(one.id)
  expect([roster.holderOf(job), roster.leases]).toEqual([undefined, 0])
})

test('who leaves hands over what it held', () => {
  const one = worker()
  const roster = rosterOf(one)
  const job = lease('1')
  roster.hold(one, job, 'default')
  expect(roster.leave(one.id)).toEqual([job])
  expect(roster.leave(one.id)).toEqual([])
})

describe('a worker of one tenant', () => {
  const bound = (tenant: string, slots: number) => ({ ...worker({ default: slots }), tenant })

  test('is promised only what may be of its tenant, and takes nothing from those who serve all', () => {
    const [acme, other, all] = [bound('acme', 2), bound('other', 5), worker({ default: 5 })]
    const promises = rosterOf(acme, other, all).promiseFor(demand(3))
    expect(promises.map(({ worker, tenant, limit }) => ({ worker, tenant, limit }))).toEqual([
      { worker: acme.id, tenant: 'acme', limit: 2 },
      { worker: all.id, tenant: undefined, limit: 3 },
    ])
  })

  test('claims for its tenant alone whenever it claims', () => {
    const acme = bound('acme', 2)
    const roster = rosterOf(acme)
    expect(roster.promiseAll()).toMatchObject([{ tenant: 'acme', limit: 2 }])
    roster.settlePromises([{ worker: acme.id, queue: 'default', names: ['double'], limit: 2 }])
    expect(roster.promiseFreed(acme, new Map([['default', 2]]))).toMatchObject([{ tenant: 'acme', limit: 2 }])
  })

  test('is none for the jobs of another', () => {
    const roster = rosterOf(bound('acme', 1))
    expect(roster.whyWaiting({ queue: 'default', name: 'double' }, 'acme')).toBe('at_limit')
    expect(roster.whyWaiting({ queue: 'default', name: 'double' }, 'other')).toBe('no_worker')
    expect(roster.services()).toEqual([{ tenant: 'acme', queue: 'default', names: ['double'] }])
  })
})

test('an available job waits for a worker, or for a slot', () => {
  const roster = rosterOf(worker({ default: 1 }))
  expect(roster.whyWaiting({ queue: 'default', name: 'double' }, 'acme')).toBe('at_limit')
  expect(roster.whyWaiting({ queue: 'default', name: 'other' }, 'acme')).toBe('no_worker')
  expect(roster.whyWaiting({ queue: 'other', name: 'double' }, 'acme')).toBe('no_worker')
})
