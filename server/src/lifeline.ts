import { after, type Clock, type Lease } from '@anchorleg/shared'
import { announce } from './announce.js'
import type { Dispatcher } from './dispatcher.js'
import type { Notifier } from './notifier/notifier.js'
import type { Roster, WorkerSession } from './roster.js'
import type { Expired, Held, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** How often leases are looked over, in ms. */
const beat = 500

/** Jobs taken from dead workers in one transaction. */
const batch = 1_000

interface Rooms {
  readonly store: Store
  readonly roster: Roster
  readonly dispatcher: Dispatcher
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
  readonly clock: Clock
}

interface Terms {
  /** How long a lease lasts, in ms. */
  readonly leaseMs: number
  /** What is left of it once its worker's connection has closed, in ms. */
  readonly graceMs: number
}

/**
 * Keeps the leases of living workers and takes jobs from dead ones. After its start, and after any time in which it or its
 * store was not there to renew, it expires nothing for one lease.
 */
export class Lifeline {
  #cancel = () => {}
  #lastBeat = 0
  #stopped = false

  constructor(
    private readonly rooms: Rooms,
    private readonly terms: Terms,
  ) {}

  /** Grants every lease another term, then begins to look them over. */
  async start(): Promise<void> {
    await this.rooms.store.reprieve()
    this.#lastBeat = this.rooms.clock.now()
    this.#schedule()
  }

  /** Keeps leases for another term; answers whether each is still held. */
  async renew(leases: readonly Lease[]): Promise<boolean[]> {
    const lanes = await this.reclaim(leases)
    return lanes.map((lane) => lane !== null)
  }

  /** A worker is back with leases from before: answers with what it still holds of them, null for one it lost. */
  reclaim(leases: readonly Lease[]): Promise<(Held | null)[]> {
    return this.rooms.store.renew(leases, this.terms.leaseMs)
  }

  /** A worker's connection has closed: its leases shorten to the grace. */
  shorten(leases: readonly Lease[]): void {
    if (leases.length === 0) return
    this.rooms.store
      .renew(leases, this.terms.graceMs)
      .catch((error: unknown) => this.rooms.telemetry.tell({ type: 'store.failed', during: 'renew', error }))
  }

  /** Something came from a worker, be it only its answer to a ping. */
  heard(session: WorkerSession): void {
    if (!session.silent) return
    session.silent = false
    this.rooms.dispatcher.fill()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #schedule(): void {
    if (!this.#stopped) this.#cancel = after(beat, () => void this.#beat())
  }

  async #beat(): Promise<void> {
    try {
      if (this.#missed()) await this.rooms.store.reprieve()
      this.#lastBeat = this.rooms.clock.now()
      await this.#expire()
    } catch (error) {
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'expire', error })
    }
    this.#schedule()
  }

  /** Whether so long passed since the last good beat that workers may have called in vain. */
  #missed(): boolean {
    return this.rooms.clock.now() - this.#lastBeat > beat + this.terms.leaseMs / 3
  }

  async #expire(): Promise<void> {
    const crashed = await this.rooms.store.expire(batch)
    if (crashed.length === 0) return
    announce(
      this.rooms,
      crashed.map(({ announcement }) => announcement),
    )
    for (const each of crashed) this.#tellHolder(each)
    this.rooms.dispatcher.fill()
    if (crashed.length === batch) await this.#expire()
  }

  /**
   * The worker that held it, if it is still connected, may stop: its word no longer counts. One that let its lease run out
   * gets no further jobs until it is heard again, or a frozen one would take each job it lost right back. One that only let
   * the grace of a cancellation pass is well.
   */
  #tellHolder({ lease, announcement }: Expired): void {
    const holder = this.rooms.roster.holderOf(lease)
    if (!holder) return
    this.rooms.roster.free(holder, lease)
    if (announcement.outcome.type === 'error') holder.silent = true
    holder.tell.lost([lease])
  }
}
