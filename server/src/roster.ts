import type { Assignment, Lease, Waiting } from '@anchorleg/shared'
import type { Neighbours, Service } from './neighbours.js'
import type { ClaimRequest, Lane } from './store/store.js'

/** A queue's slots at one worker. `promised` are those a claim under way may fill. */
interface Slots {
  readonly total: number
  busy: number
  promised: number
}

/** New jobs of one lane, and whose they are. */
export interface Demand extends Lane {
  readonly tenants: ReadonlySet<string>
  readonly count: number
}

/** One connection of a worker that has registered. */
export interface WorkerSession {
  readonly id: string
  /** The only one whose jobs it gets; absent for all. */
  readonly tenant?: string | undefined
  readonly names: ReadonlySet<string>
  readonly queues: ReadonlyMap<string, Slots>
  /** The leases it holds, by job id, and which queue's slot each takes. */
  readonly held: Map<string, Lease & { readonly queue: string }>
  draining: boolean
  /** It let a lease run out, and nothing has been heard of it since: its process may be frozen. */
  silent: boolean
  /** It has not acknowledged jobs in time: its thread may be busy. */
  overdue: boolean
  readonly tell: {
    perform(assignments: Assignment[]): void
    lost(leases: Lease[]): void
    cancel(cancels: (Lease & { codec: string; reason: string })[]): void
  }
}

/**
 * Who is connected to run what, and how many slots are free. It is bookkeeping alone: it neither talks nor stores.
 * A worker is never promised more than its free slots, so it never holds more than it can run.
 */
export class Roster {
  readonly #sessions = new Map<string, WorkerSession>()
  /** Who holds each lease, by its token. */
  readonly #holders = new Map<string, WorkerSession>()
  #turn = 0
  #listener: (lease: Lease) => void = () => {}

  constructor(private readonly neighbours: Pick<Neighbours, 'serve'> = { serve: () => false }) {}

  join(session: WorkerSession): void {
    this.#sessions.set(session.id, session)
  }

  /** Forgets a session and answers with what it still held. */
  leave(id: string): Lease[] {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    if (!session) return []
    const leases = leasesOf(session)
    for (const { lease } of leases) this.#holders.delete(lease)
    return leases
  }

  get(id: string): WorkerSession | undefined {
    return this.#sessions.get(id)
  }

  all(): Iterable<WorkerSession> {
    return this.#sessions.values()
  }

  get size(): number {
    return this.#sessions.size
  }

  /** The worker that holds a lease, while it is connected. */
  holderOf({ jobId, lease }: Lease): WorkerSession | undefined {
    const session = this.#holders.get(lease)
    return session?.held.get(jobId)?.lease === lease ? session : undefined
  }

  /** How many leases connected workers hold. */
  get leases(): number {
    return this.#holders.size
  }

  /** A job takes a slot. Whoever held it before, on an older connection, holds it no longer. */
  hold(session: WorkerSession, lease: Lease, queue: string): void {
    const older = this.holderOf(lease)
    if (older) this.free(older, lease)
    session.held.set(lease.jobId, { queue, jobId: lease.jobId, lease: lease.lease })
    this.#holders.set(lease.lease, session)
    const slots = session.queues.get(queue)
    if (slots) slots.busy += 1
    this.#listener(lease)
  }

  /** Who is told of each lease that a worker here has come to hold. */
  subscribe(listener: (lease: Lease) => void): void {
    this.#listener = listener
  }

  /** A job gives its slot back; answers with the queue whose slot became free. */
  free(session: WorkerSession, lease: Lease): string | undefined {
    const held = session.held.get(lease.jobId)
    if (held?.lease !== lease.lease) return undefined
    session.held.delete(lease.jobId)
    this.#holders.delete(lease.lease)
    const slots = session.queues.get(held.queue)
    if (slots) slots.busy -= 1
    return held.queue
  }

  /**
   * Promises free slots for new jobs: as many as there are jobs, shared among the workers that run them, who take turns at
   * being first. Each promise is a claim request; `settlePromises` takes it back when the claim has been answered. How many of
   * the jobs are of a worker's own tenant nobody counts here, so what such a one is promised is promised to the others as well.
   */
  promiseFor(demand: readonly Demand[]): ClaimRequest[] {
    const requests: ClaimRequest[] = []
    for (const { queue, name, tenants, count } of demand) {
      const able = this.#inTurn().filter((session) => session.names.has(name) && freeSlots(session, queue) > 0)
      for (const session of able) {
        if (session.tenant === undefined || !tenants.has(session.tenant)) continue
        requests.push(promise(session, { queue, names: [name], limit: Math.min(freeSlots(session, queue), count) }))
      }
      const open = able.filter(({ tenant }) => tenant === undefined)
      let left = count
      open.forEach((session, i) => {
        const share = Math.min(freeSlots(session, queue), Math.ceil(left / (open.length - i)))
        left -= share
        if (share > 0) requests.push(promise(session, { queue, names: [name], limit: share }))
      })
    }
    return requests
  }

  /** Promises every free slot. */
  promiseAll(): ClaimRequest[] {
    return this.#inTurn().flatMap((session) =>
      [...session.queues.keys()].flatMap((queue) => {
        const limit = freeSlots(session, queue)
        return limit > 0 ? [promise(session, { queue, names: [...session.names], limit })] : []
      }),
    )
  }

  /** Promises slots that a worker has just freed, where it had no other: where it had, nothing can be waiting for it. */
  promiseFreed(session: WorkerSession, freed: ReadonlyMap<string, number>): ClaimRequest[] {
    return [...freed].flatMap(([queue, count]) => {
      const free = freeSlots(session, queue)
      return free > 0 && free <= count ? [promise(session, { queue, names: [...session.names], limit: free })] : []
    })
  }

  /** Whether a promise of this queue's slots is open. */
  hasPromised(queue: string): boolean {
    for (const session of this.#sessions.values()) if ((session.queues.get(queue)?.promised ?? 0) > 0) return true
    return false
  }

  settlePromises(requests: readonly ClaimRequest[]): void {
    for (const { worker, queue, limit } of requests) {
      const slots = this.#sessions.get(worker)?.queues.get(queue)
      if (slots) slots.promised -= limit
    }
  }

  /** Whether a worker here runs jobs of a lane, or of any in its queue. */
  serves({ queue, name }: { readonly queue: string; readonly name?: string }): boolean {
    for (const { queues, names } of this.#sessions.values()) if (queues.has(queue) && (name === undefined || names.has(name))) return true
    return false
  }

  /** What connected workers run. */
  services(): Service[] {
    const services = new Map<string, Omit<Service, 'names'> & { readonly names: Set<string> }>()
    for (const session of this.#sessions.values()) {
      if (!takesJobs(session)) continue
      const { tenant } = session
      for (const queue of session.queues.keys()) {
        const key = JSON.stringify([queue, tenant])
        const service = services.get(key) ?? { tenant, queue, names: new Set<string>() }
        services.set(key, service)
        for (const name of session.names) service.names.add(name)
      }
    }
    return [...services.values()].map(({ names, ...service }) => ({ ...service, names: [...names] }))
  }

  /** The leases that connected workers hold. */
  held(): Lease[] {
    return [...this.#sessions.values()].flatMap(leasesOf)
  }

  /** What an available job of this lane and tenant waits for. */
  whyWaiting(lane: Lane, of: string): Waiting {
    for (const session of this.#sessions.values()) {
      const { tenant = of, queues, names } = session
      if (takesJobs(session) && tenant === of && queues.has(lane.queue) && names.has(lane.name)) return 'at_limit'
    }
    return this.neighbours.serve(lane, of) ? 'at_limit' : 'no_worker'
  }

  #inTurn(): WorkerSession[] {
    const sessions = [...this.#sessions.values()].filter(takesJobs)
    if (sessions.length < 2) return sessions
    this.#turn = (this.#turn + 1) % sessions.length
    return [...sessions.slice(this.#turn), ...sessions.slice(0, this.#turn)]
  }
}

function promise(session: WorkerSession, wish: Omit<ClaimRequest, 'worker' | 'tenant'>): ClaimRequest {
  const slots = session.queues.get(wish.queue)
  if (slots) slots.promised += wish.limit
  return { worker: session.id, ...(session.tenant !== undefined && { tenant: session.tenant }), ...wish }
}

/** Whether a worker may be given jobs. */
export function takesJobs({ draining, silent, overdue }: WorkerSession): boolean {
  return !draining && !silent && !overdue
}

/** The slots of a queue that a worker could fill now. */
export function freeSlots(session: WorkerSession, queue: string): number {
  const slots = session.queues.get(queue)
  return slots && takesJobs(session) ? slots.total - slots.busy - slots.promised : 0
}

/** Slots by queue as a worker registers them. */
export function openSlots(queues: Readonly<Record<string, number>>): Map<string, Slots> {
  return new Map(Object.entries(queues).map(([queue, total]) => [queue, { total, busy: 0, promised: 0 }]))
}

function leasesOf(session: WorkerSession): Lease[] {
  return [...session.held.values()].map(({ jobId, lease }) => ({ jobId, lease }))
}
