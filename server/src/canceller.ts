import type { Cancelled, Lease } from '@anchorleg/shared'
import type { Herald } from './herald.js'
import type { SealedValue } from './lifecycle.js'
import type { Notifier } from './notifier/notifier.js'
import type { Roster } from './roster.js'
import type { Announcement, Cancellation, Lookup, Store } from './store/store.js'

/** A ref whose job is to be cancelled, and why. */
export interface Cancel extends Lookup {
  readonly reason: SealedValue
}

interface Rooms {
  readonly store: Store
  readonly roster: Roster
  readonly notifier: Notifier
  readonly herald: Herald
}

/** Cancels jobs: those that wait at once; those that run by asking their worker, whatever connection it is on. */
export class Canceller {
  constructor(private readonly rooms: Rooms) {}

  async cancel(cancels: readonly Cancel[]): Promise<Cancelled[]> {
    const cancellations = await this.rooms.store.cancel(cancels)
    this.rooms.herald.announce(cancellations.flatMap((each): Announcement[] => (each.type === 'cancelled' ? [each.announcement] : [])))
    for (const each of cancellations) if (each.type === 'requested') this.ask(each.lease, each.reason)
    // A worker may have moved to another hub, and this one not know yet.
    const asked = cancellations.flatMap((each) => (each.type === 'requested' ? [each.lease] : []))
    if (asked.length > 0) this.rooms.notifier.publish({ type: 'cancels', leases: asked })
    return cancellations.map((each, i) => answer((cancels[i] as Cancel).ref, each))
  }

  /** Cancellation was asked for elsewhere, or may have been, of jobs that run here: their workers are told why. */
  async askAgain(leases: readonly Lease[]): Promise<void> {
    const here = leases.filter((lease) => this.rooms.roster.holderOf(lease))
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
