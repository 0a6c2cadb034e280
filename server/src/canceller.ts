import { type Cancelled, type Lease, stopwatch } from '@anchorleg/shared'
import type { Herald } from './herald.js'
import type { SealedValue } from './lifecycle.js'
import type { Notifier } from './notifier/notifier.js'
import type { Roster } from './roster.js'
import type { Announcement, Cancellation, Lookup, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** A ref whose job is to be cancelled, and why. */
export interface Cancel extends Lookup {
  readonly reason: SealedValue
}

interface Rooms {
  readonly store: Store
  readonly roster: Roster
  readonly notifier: Notifier
  readonly herald: Herald
  readonly telemetry: TelemetryBus
}

/** Cancels jobs: those that wait at once; those that run by asking their worker, whatever connection it is on. */
export class Canceller {
  /** When it was heard of leases that no worker here held, by their tokens, oldest first. */
  readonly #early = new Map<string, number>()

  /** A cancellation is remembered for its grace, in ms, for a job that may be on its way here: then the job is ended anyway. */
  constructor(
    private readonly rooms: Rooms,
    private readonly graceMs: number,
  ) {
    rooms.roster.subscribe((lease) => this.#arrived(lease))
  }

  async cancel(cancels: readonly Cancel[]): Promise<Cancelled[]> {
    const cancellations = await this.rooms.store.cancel(cancels)
    this.rooms.herald.announce(cancellations.flatMap((each): Announcement[] => (each.type === 'cancelled' ? [each.announcement] : [])))
    for (const each of cancellations) if (each.type === 'requested') this.ask(each.lease, each.reason)
    // A worker may have moved to another hub, and this one not know yet.
    const asked = cancellations.flatMap((each) => (each.type === 'requested' ? [each.lease] : []))
    this.#remember(asked)
    if (asked.length > 0) this.rooms.notifier.publish({ type: 'cancels', leases: asked })
    return cancellations.map((each, i) => answer((cancels[i] as Cancel).ref, each))
  }

  /** Cancellation was asked for elsewhere, or may have been, of jobs that run here: their workers are told why. */
  async askAgain(leases: readonly Lease[]): Promise<void> {
    const here = leases.filter((lease) => this.rooms.roster.holderOf(lease))
    this.#remember(leases)
    if (here.length === 0) return
    const held = await this.rooms.store.held(here)
    here.forEach((lease, i) => {
      const reason = held[i]?.cancel
      if (reason) this.ask(lease, reason)
    })
  }

  /** Tells the worker that holds a lease to stop; one that is away is told when it registers again. */
  ask(lease: Lease, { codec, value }: SealedValue): void {
    this.rooms.roster.holderOf(lease)?.tell.cancel([{ ...lease, codec, reason: value }])
  }

  /** A signal may be here before the store's answer to whoever claimed the job. */
  #remember(leases: readonly Lease[]): void {
    const now = stopwatch.now()
    for (const [token, at] of this.#early) {
      if (now - at <= this.graceMs) break
      this.#early.delete(token)
    }
    for (const lease of leases) if (!this.rooms.roster.holderOf(lease)) this.#early.set(lease.lease, now)
  }

  #arrived(lease: Lease): void {
    if (!this.#early.delete(lease.lease)) return
    this.askAgain([lease]).catch((error: unknown) => this.rooms.telemetry.tell({ type: 'store.failed', during: 'cancel', error }))
  }
}

function answer(ref: string, cancellation: Cancellation): Cancelled {
  switch (cancellation.type) {
    case 'cancelled':
      return { ref, type: 'cancelled', state: 'cancelled' }
    case 'requested':
    case 'finished':
      return { ref, type: cancellation.type, state: cancellation.state }
    case 'expired':
    case 'not_found':
      return { ref, type: cancellation.type }
    default:
      return cancellation satisfies never
  }
}
