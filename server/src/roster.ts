import type { Assignment, Lease, Waiting } from '@anchorleg/shared'
import type { ClaimRequest, Lane } from './store/store.js'

/** A queue's slots at one worker. `promised` are those a claim under way may fill. */
interface Slots {
  readonly total: number
  busy: number
  promised: number
}

/** One connection of a worker that has registered. */
export interface WorkerSession {
  readonly id: string
  readonly names: readonly string[]
  readonly queues: ReadonlyMap<string, Slots>
  /** The leases it holds, by job id, and which queue's slot each takes. */
  readonly held: Map<string, Lease & { readonly queue: string }>
  draining: boolean
  readonly tell: {
    perform(assignments: Assignment[]): void
    lost(leases: Lease[]): void
  }
}

/**
 * Who is connected to run what, and how many slots are free. It is bookkeeping alone: it neither talks nor stores.
 * A worker is never promised more than its free slots, so it never holds more than it can run.
 */
export class Roster {
  readonly #sessions = new Map<string, WorkerSession>()
  #turn = 0

  join(session: WorkerSession): void {
    this.#sessions.set(session.id, session)
  }

  /** Forgets a session and answers with what it still held. */
  leave(id: string): Lease[] {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    return session ? leasesOf(session) : []
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

  /** A job takes a slot. */
  hold(session: WorkerSession, lease: Lease, queue: string): void {
    session.held.set(lease.jobId, { ...lease, queue })
    const slots = session.queues.get(queue)
    if (slots) slots.busy += 1
  }

  /** A job gives its slot back; answers with the queue whose slot became free. */
  free(session: WorkerSession, lease: Lease): string | undefined {
    const held = session.held.get(lease.jobId)
    if (held?.lease !== lease.lease) return undefined
    session.held.delete(lease.jobId)
    const slots = session.queues.get(held.queue)
    if (slots) slots.busy -= 1
    return held.queue
  }

  /**
   * Promises free slots for a demand of jobs by queue, shared among the workers that could run them, who take turns at
   * being first. Each promise is a claim request; `settlePromises` takes it back when the claim has been answered.
   */
  promise(demand: ReadonlyMap<string, number>, only?: WorkerSession): ClaimRequest[] {
    const sessions = only ? [only] : this.#inTurn()
    const requests: ClaimRequest[] = []
    for (const [queue, count] of demand) {
      const able = sessions.filter((session) => freeSlots(session, queue) > 0)
      const share = Math.max(1, Math.ceil(count / able.length))
      for (const session of able) {
        const limit = Math.min(share, freeSlots(session, queue))
        const slots = session.queues.get(queue) as Slots
        slots.promised += limit
        requests.push({ worker: session.id, queue, names: session.names, limit })
      }
    }
    return requests
  }

  settlePromises(requests: readonly ClaimRequest[]): void {
    for (const { worker, queue, limit } of requests) {
      const slots = this.#sessions.get(worker)?.queues.get(queue)
      if (slots) slots.promised -= limit
    }
  }

  /** What an available job of this lane waits for. */
  whyWaiting(lane: Lane): Waiting {
    for (const session of this.#sessions.values()) {
      if (!session.draining && session.queues.has(lane.queue) && session.names.includes(lane.name)) return 'at_limit'
    }
    return 'no_worker'
  }

  #inTurn(): WorkerSession[] {
    const sessions = [...this.#sessions.values()]
    if (sessions.length < 2) return sessions
    this.#turn = (this.#turn + 1) % sessions.length
    return [...sessions.slice(this.#turn), ...sessions.slice(0, this.#turn)]
  }
}

/** The slots of a queue that a worker could fill now. */
export function freeSlots(session: WorkerSession, queue: string): number {
  const slots = session.queues.get(queue)
  return slots && !session.draining ? slots.total - slots.busy - slots.promised : 0
}

/** Slots by queue as a worker registers them. */
export function openSlots(queues: Readonly<Record<string, number>>): Map<string, Slots> {
  return new Map(Object.entries(queues).map(([queue, total]) => [queue, { total, busy: 0, promised: 0 }]))
}

function leasesOf(session: WorkerSession): Lease[] {
  return [...session.held.values()].map(({ jobId, lease }) => ({ jobId, lease }))
}
