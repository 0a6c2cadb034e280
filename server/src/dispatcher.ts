import { after, type Clock, endOfTurn } from '@anchorleg/shared'
import { handBack } from './handBack.js'
import type { Herald } from './herald.js'
import type { Notifier } from './notifier/notifier.js'
import { type Demand, type Roster, takesJobs, type WorkerSession } from './roster.js'
import type { Claimed, ClaimRequest, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** How long to wait before claiming again after the store failed, in ms. */
const afterFailure = 1_000

/** How often a hub with slots to spare asks a limited queue for its turn, in ms. */
const turnsEvery = 1_000

/** Slots promised to one claim under way. `stamp` orders pledges by when they were made. */
export interface Pledge {
  readonly stamp: number
  readonly requests: readonly ClaimRequest[]
}

interface Rooms {
  readonly roster: Roster
  readonly store: Store
  readonly notifier: Notifier
  readonly herald: Herald
  readonly telemetry: TelemetryBus
  readonly clock: Clock
}

/**
 * Brings claimed jobs to workers. Intake and settler take a pledge of free slots along into their own transactions, so that
 * a new job meets a free slot, and a freed slot the next job, without a further step; `fill` claims where nothing else does.
 *
 * What it keeps true: a slot stays free only while no job that could fill it is available. A job may become available
 * while the free slots are pledged to a claim that was made too early to find it; such a queue is marked missed, and
 * claimed again when that claim comes back with slots to spare.
 */
export class Dispatcher {
  readonly #missed = new Map<string, number>()
  /** The pledges and the jobs given back that the store has not answered yet. */
  readonly #open = new Set<object>()
  readonly #idle = new Set<() => void>()
  readonly #limited = new Set<string>()
  #stamp = 0
  #turn: (() => void) | undefined
  #filling = false
  #stopped = false

  constructor(private readonly rooms: Rooms) {}

  /** Pledges free slots to new jobs, to be claimed in the transaction that stores them. */
  pledgeFor(demand: readonly Demand[]): Pledge {
    for (const { queue } of demand) this.#mark(queue)
    return this.#pledge(() => this.rooms.roster.promiseFor(demand))
  }

  /** Pledges the slots that settled attempts have freed, to be claimed in the transaction that settles them. */
  pledgeFreed(freed: ReadonlyMap<WorkerSession, ReadonlyMap<string, number>>): Pledge {
    return this.#pledge(() => [...freed].flatMap(([session, counts]) => this.rooms.roster.promiseFreed(session, counts)))
  }

  /** Hands claimed jobs to their workers. What came of a pledge is handed over once: a store may tell of it ahead of its answer. */
  deliver(pledge: Pledge, claimed: readonly Claimed[]): void {
    if (!this.#open.has(pledge)) return
    this.rooms.roster.settlePromises(pledge.requests)
    const now = this.rooms.clock.now()
    const loads = new Map<WorkerSession, Claimed['assignment'][]>()
    const stranded: Claimed[] = []
    for (const claim of claimed) {
      const { assignment, run, unseen } = claim
      const session = this.rooms.roster.get(claim.worker)
      if (!session || !takesJobs(session)) {
        stranded.push(claim)
        continue
      }
      this.rooms.roster.hold(session, { jobId: assignment.jobId, lease: assignment.lease }, assignment.queue)
      const load = loads.get(session)
      if (load) load.push(assignment)
      else loads.set(session, [assignment])
      const { jobId, queue, name, attempt, scheduledAt } = assignment
      const lane = { queue, name }
      this.rooms.telemetry.tell({ type: 'job.claimed', jobId, lane, worker: session.id, attempt, run, unseen, waitedMs: now - scheduledAt })
    }
    for (const [session, load] of loads) session.tell.perform(load)
    if (stranded.length > 0) this.#giveBack(stranded)
    if (this.#missedSome(pledge, claimed)) this.fill()
    this.#end(pledge)
  }

  /** The store failed under a pledge: nothing was claimed, and what waits is claimed a little later. */
  fail(pledge: Pledge): void {
    if (!this.#open.has(pledge)) return
    this.rooms.roster.settlePromises(pledge.requests)
    if (pledge.requests.length > 0 && !this.#stopped) after(afterFailure, () => this.fill())
    this.#end(pledge)
  }

  /** Learns whether a queue has a limit across all workers. */
  limit(queue: string, limited: boolean): void {
    if (limited) this.#limited.add(queue)
    else this.#limited.delete(queue)
  }

  /** So many jobs of these queues have ended: in a limited one that makes room at every worker, not only where they ran. */
  ended(counts: Iterable<readonly [queue: string, count: number]>, claimed: readonly Claimed[]): void {
    if (this.#limited.size === 0) return
    const room = new Map<string, number>()
    for (const [queue, count] of counts) if (this.#limited.has(queue)) room.set(queue, (room.get(queue) ?? 0) + count)
    if (room.size === 0) return
    this.fill()
    for (const { assignment } of claimed) room.set(assignment.queue, (room.get(assignment.queue) ?? 0) - 1)
    const lanes = [...room].flatMap(([queue, left]) => (left > 0 ? [{ queue }] : []))
    if (lanes.length > 0) this.rooms.notifier.publish({ type: 'available', lanes })
  }

  /** Claims for every free slot, at the end of this turn. */
  fill(): void {
    if (this.#filling || this.#stopped) return
    this.#filling = true
    endOfTurn(() => {
      this.#filling = false
      void this.#fill()
    })
  }

  /** A place in a limited queue would be left in vain to a hub where no worker takes its jobs any more: others have it at once. */
  leaveLines(): void {
    const served = new Set(this.#stopped ? [] : this.rooms.roster.services().map(({ queue }) => queue))
    const queues = [...this.#limited].filter((queue) => !served.has(queue))
    if (queues.length === 0) return
    const { store, notifier, telemetry } = this.rooms
    const leaving = {}
    this.#open.add(leaving)
    store
      .leaveLine(queues)
      .then(
        () => notifier.publish({ type: 'available', lanes: queues.map((queue) => ({ queue })) }),
        (error: unknown) => telemetry.tell({ type: 'store.failed', during: 'claim', error }),
      )
      .finally(() => this.#end(leaving))
  }

  /** Pledges and claims nothing more. */
  stop(): void {
    this.#stopped = true
    this.#turn?.()
    this.leaveLines()
  }

  /** Resolves when everything claimed has been handed over or given back. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve()
      else this.#idle.add(resolve)
    })
  }

  async #fill(): Promise<void> {
    for (const session of this.rooms.roster.all()) for (const queue of session.queues.keys()) this.#mark(queue)
    const pledge = this.#pledge(() => this.rooms.roster.promiseAll())
    if (pledge.requests.length === 0) return this.#end(pledge)
    if (pledge.requests.some(({ queue }) => this.#limited.has(queue))) this.#awaitTurn()
    try {
      this.deliver(pledge, await this.rooms.store.claim(pledge.requests))
    } catch (error) {
      this.fail(pledge)
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'claim', error })
    }
  }

  /** A place in a limited queue may become free anywhere, and is left to this hub only while it goes on asking. */
  #awaitTurn(): void {
    this.#turn ??= after(turnsEvery, () => {
      this.#turn = undefined
      this.fill()
    })
  }

  #pledge(make: () => ClaimRequest[]): Pledge {
    this.#stamp += 1
    const pledge = { stamp: this.#stamp, requests: this.#stopped ? [] : make() }
    this.#open.add(pledge)
    return pledge
  }

  #end(answered: object): void {
    this.#open.delete(answered)
    if (this.#open.size > 0) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }

  #mark(queue: string): void {
    if (this.rooms.roster.hasPromised(queue)) this.#missed.set(queue, this.#stamp)
  }

  /** Whether a claim came back with slots to spare that a job has been waiting for since the claim was made. */
  #missedSome({ stamp, requests }: Pledge, claimed: readonly Claimed[]): boolean {
    if (this.#missed.size === 0) return false
    const taken = new Map<string, number>()
    for (const { worker, assignment } of claimed) {
      const key = `${worker} ${assignment.queue}`
      taken.set(key, (taken.get(key) ?? 0) + 1)
    }
    let some = false
    for (const { worker, queue, limit } of requests) {
      if ((taken.get(`${worker} ${queue}`) ?? 0) >= limit || (this.#missed.get(queue) ?? 0) < stamp) continue
      this.#missed.delete(queue)
      some = true
    }
    return some
  }

  /** Jobs whose worker left or fell silent between claim and delivery never ran: their attempts are not consumed. */
  #giveBack(stranded: readonly Claimed[]): void {
    const leases = stranded.map(({ assignment: { jobId, lease } }) => ({ jobId, lease }))
    this.#open.add(leases)
    handBack(this.rooms, leases)
      .then(
        () => this.fill(),
        (error: unknown) => this.rooms.telemetry.tell({ type: 'store.failed', during: 'release', error }),
      )
      .finally(() => this.#end(leases))
  }
}
