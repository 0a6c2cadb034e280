import { Gathering, type Lease, type Settlement } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import { handBack } from './handBack.js'
import type { Herald } from './herald.js'
import type { Notifier } from './notifier/notifier.js'
import type { Roster, WorkerSession } from './roster.js'
import type { Announcement, Claimed, Settled, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

type Verdict = Settled['type']

interface Report {
  readonly session: WorkerSession
  readonly settlements: readonly Settlement[]
  readonly resolve: (verdicts: Verdict[]) => void
  readonly reject: (error: unknown) => void
}

interface Rooms {
  readonly store: Store
  readonly roster: Roster
  readonly dispatcher: Dispatcher
  readonly notifier: Notifier
  readonly herald: Herald
  readonly telemetry: TelemetryBus
}

/**
 * Settles what workers report. What comes in one turn of the event loop is settled in one transaction, which also claims
 * the next jobs for the slots it frees. Outcomes are announced after they are stored, never before.
 */
export class Settler {
  #open = 0
  readonly #gathering = new Gathering<Report>(
    (reports) => void this.#settle(reports),
    ({ settlements }) => settlements.length,
  )

  constructor(private readonly rooms: Rooms) {}

  settle(session: WorkerSession, settlements: readonly Settlement[]): Promise<Verdict[]> {
    this.#open += 1
    return new Promise((resolve, reject) => this.#gathering.add({ session, settlements, resolve, reject }))
  }

  /** Whether everything reported so far has been answered. */
  get idle(): boolean {
    return this.#open === 0
  }

  /** Hands jobs back unrun; answers for each whether its lease was still held. */
  async release(session: WorkerSession, leases: readonly Lease[]): Promise<('released' | 'stale')[]> {
    const wereHeld = await handBack(this.rooms, leases)
    for (const lease of leases) this.rooms.roster.free(session, lease)
    if (wereHeld.includes(true)) this.rooms.dispatcher.fill()
    return wereHeld.map((wasHeld) => (wasHeld ? 'released' : 'stale'))
  }

  async #settle(reports: readonly Report[]): Promise<void> {
    const { store, dispatcher } = this.rooms
    const freed = this.#freeSlots(reports)
    const pledge = dispatcher.pledgeFreed(freed)
    const start = (claimed: readonly Claimed[]) => dispatcher.deliver(pledge, claimed)
    try {
      const settlements = reports.flatMap((report) => report.settlements)
      const { settled, claimed } = await store.settle(settlements, pledge.requests, start)
      start(claimed)
      dispatcher.ended(
        [...freed.values()].flatMap((counts) => [...counts]),
        claimed,
      )
      this.rooms.herald.announce(settled.flatMap((each): Announcement[] => (each.type === 'settled' && each.announcement ? [each.announcement] : [])))
      let next = 0
      for (const report of reports) {
        const own = settled.slice(next, next + report.settlements.length)
        next += report.settlements.length
        report.resolve(own.map(({ type }) => type))
        this.#tellStale(report, own)
      }
    } catch (error) {
      dispatcher.fail(pledge)
      for (const { reject } of reports) reject(error)
    } finally {
      this.#open -= reports.length
    }
  }

  /** The slots that reports free, whatever the store will say: the workers run these jobs no longer. */
  #freeSlots(reports: readonly Report[]): Map<WorkerSession, Map<string, number>> {
    const freed = new Map<WorkerSession, Map<string, number>>()
    for (const { session, settlements } of reports) {
      const counts = freed.get(session) ?? new Map<string, number>()
      freed.set(session, counts)
      for (const settlement of settlements) {
        const queue = this.rooms.roster.free(session, settlement)
        if (queue !== undefined) counts.set(queue, (counts.get(queue) ?? 0) + 1)
      }
    }
    return freed
  }

  #tellStale({ session, settlements }: Report, settled: readonly Settled[]): void {
    settled.forEach(({ type }, i) => {
      if (type === 'stale') this.rooms.telemetry.tell({ type: 'settle.stale', jobId: (settlements[i] as Settlement).jobId, worker: session.id })
    })
  }
}
