import { endOfTurn } from '@anchorleg/shared'
import { freeSlots, type Roster, type WorkerSession } from './roster.js'
import type { Claimed, ClaimRequest, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/**
 * Brings claimed jobs to workers. Intake and settler take its promises along into their own transactions, so that a new
 * job meets a free slot, and a freed slot the next job, without a further step; `fill` claims where nothing else does.
 */
export class Dispatcher {
  #filling = false
  #stopped = false

  constructor(
    private readonly roster: Roster,
    private readonly store: Store,
    private readonly telemetry: TelemetryBus,
  ) {}

  /** Claims to make along with storing so many jobs by queue. */
  promise(demand: ReadonlyMap<string, number>, only?: WorkerSession): ClaimRequest[] {
    return this.#stopped ? [] : this.roster.promise(demand, only)
  }

  /** Hands claimed jobs to their workers. Always called once for what `promise` gave, with nothing claimed when the store failed. */
  deliver(requests: readonly ClaimRequest[], claimed: readonly Claimed[]): void {
    this.roster.settlePromises(requests)
    const stranded: Claimed[] = []
    const loads = new Map<WorkerSession, Claimed['assignment'][]>()
    for (const claim of claimed) {
      const { assignment } = claim
      const session = this.roster.get(claim.worker)
      if (!session || session.draining) {
        stranded.push(claim)
        continue
      }
      this.roster.hold(session, { jobId: assignment.jobId, lease: assignment.lease }, assignment.queue)
      const load = loads.get(session)
      if (load) load.push(assignment)
      else loads.set(session, [assignment])
      const { jobId, attempt } = assignment
      this.telemetry.tell({ type: 'job.claimed', jobId, lane: assignment, worker: session.id, attempt })
    }
    for (const [session, load] of loads) session.tell.perform(load)
    if (stranded.length > 0) this.#giveBack(stranded)
    if (this.#mayBeMore(requests, claimed)) this.fill()
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

  /** Promises and claims nothing more. */
  stop(): void {
    this.#stopped = true
  }

  async #fill(): Promise<void> {
    const queues = new Set([...this.roster.all()].flatMap((session) => [...session.queues.keys()]))
    const demand = new Map([...queues].map((queue) => [queue, Number.POSITIVE_INFINITY]))
    const requests = this.promise(demand)
    if (requests.length === 0) return
    try {
      this.deliver(requests, await this.store.claim(requests))
    } catch (error) {
      this.deliver(requests, [])
      this.telemetry.tell({ type: 'store.failed', during: 'claim', error })
    }
  }

  /** Whether a request was filled to its limit and its worker has room beyond it. */
  #mayBeMore(requests: readonly ClaimRequest[], claimed: readonly Claimed[]): boolean {
    if (claimed.length === 0) return false
    const taken = new Map<string, number>()
    for (const { worker, assignment } of claimed) {
      const key = `${worker} ${assignment.queue}`
      taken.set(key, (taken.get(key) ?? 0) + 1)
    }
    return requests.some(({ worker, queue, limit }) => {
      const session = this.roster.get(worker)
      return session !== undefined && taken.get(`${worker} ${queue}`) === limit && freeSlots(session, queue) > 0
    })
  }

  /** Jobs whose worker left between claim and delivery never ran: their attempts are not consumed. */
  #giveBack(stranded: readonly Claimed[]): void {
    const leases = stranded.map(({ assignment: { jobId, lease } }) => ({ jobId, lease }))
    this.store.release(leases).then(
      () => this.fill(),
      (error: unknown) => this.telemetry.tell({ type: 'store.failed', during: 'release', error }),
    )
  }
}
