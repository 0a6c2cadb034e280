import { after, type Clock, type Lease } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import type { Herald } from './herald.js'
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
  readonly herald: Herald
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
 * store was not there to renew, it expires nothing for one lease but what was claimed since.
 */
export class Lifeline {
  #cancel = () => {}
  #lastBeat = 0
  #quietSince = 0
  #stopped = false

  constructor(
    private readonly rooms: Rooms,
    private readonly terms: Terms,
  ) {}

  /** Begins to look leases over; for one lease, those from before may be heard of yet. */
  start(): void {
    this.#lastBeat = this.rooms.clock.now()
    this.#quietSince = this.#lastBeat
    this.#schedule()
  }

  /** Keeps leases for another term; answers whether each is still held. One that is not takes no slot any more, at whatever hub. */
  async renew(leases: readonly Lease[]): Promise<boolean[]> {
    const held = await this.rooms.store.renew(leases, this.terms.leaseMs)
    const lost = leases.filter((_, i) => held[i] === null)
    // A worker may renew over another hub than the one that sends it jobs.
    const elsewhere = lost.filter((lease) => !this.rooms.roster.holderOf(lease))
    if (lost.length > elsewhere.length) this.lose(lost, false)
    if (elsewhere.length > 0) this.rooms.notifier.publish({ type: 'lost', leases: elsewhere, silent: false })
    return held.map((each) => each !== null)
  }

  /**
   * A worker is back on a connection with leases from before: answers with what it still holds of them, null for one it lost, or
   * may not hold.
   */
  async reclaim(leases: readonly Lease[], worker: string, mayHold: (held: Held) => boolean): Promise<(Held | null)[]> {
    const { store } = this.rooms
    const held = await store.held(leases)
    const own = leases.filter((_, i) => held[i] && mayHold(held[i]))
    const renewed = new Map((own.length > 0 ? await store.renew(own, this.terms.leaseMs, worker) : []).map((each, i) => [own[i], each]))
    return leases.map((lease) => renewed.get(lease) ?? null)
  }

  /** A worker's connection has closed: the leases it has not presented on another one since shorten to the grace. */
  shorten(leases: readonly Lease[], worker: string): void {
    if (leases.length === 0) return
    this.rooms.store
      .shorten(leases, this.terms.graceMs, worker)
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
    const { clock } = this.rooms
    if (this.#missed()) this.#quietSince = clock.now()
    try {
      const quietMs = clock.now() - this.#quietSince
      await this.#expire(quietMs < this.terms.leaseMs ? quietMs : undefined)
      this.#lastBeat = clock.now()
    } catch (error) {
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'expire', error })
    }
    this.#schedule()
  }

  /** Whether so long passed since the last good beat that workers may have called in vain. */
  #missed(): boolean {
    return this.rooms.clock.now() - this.#lastBeat > beat + this.terms.leaseMs / 3
  }

  async #expire(youngMs?: number): Promise<void> {
    const crashed = await this.rooms.store.expire(batch, youngMs)
    if (crashed.length === 0) return
    this.rooms.herald.announce(crashed.map(({ announcement }) => announcement))
    this.#tellHolders(crashed)
    if (crashed.length === batch) await this.#expire(youngMs)
  }

  #tellHolders(crashed: readonly Expired[]): void {
    for (const silent of [true, false]) {
      const leases = crashed.filter(({ announcement }) => (announcement.outcome.type === 'error') === silent).map(({ lease }) => lease)
      if (leases.length === 0) continue
      this.lose(leases, silent)
      this.rooms.notifier.publish({ type: 'lost', leases, silent })
    }
  }

  /**
   * The workers that held these leases, if they are still connected here, may stop: their word no longer counts. One that let
   * its lease run out gets no further jobs until it is heard again, or a frozen one would take each job it lost right back. One
   * that only let the grace of a cancellation pass is well.
   */
  lose(leases: readonly Lease[], silent: boolean): void {
    for (const lease of leases) {
      const holder = this.rooms.roster.holderOf(lease)
      if (!holder) continue
      this.rooms.roster.free(holder, lease)
      if (silent) holder.silent = true
      holder.tell.lost([lease])
    }
    this.rooms.dispatcher.fill()
  }
}
