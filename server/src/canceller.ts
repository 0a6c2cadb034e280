import type { Cancelled, Lease } from '@anchorleg/shared'
import { announce } from './announce.js'
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
  readonly telemetry: TelemetryBus
}

/** Cancels jobs: those that wait at once; those that run by asking their worker, whatever connection it is on. */
export class Canceller {
  constructor(private readonly rooms: Rooms) {}

  async cancel(cancels: readonly Cancel[]): Promise<Cancelled[]> {
    const cancellations = await this.rooms.store.cancel(cancels)
    announce(
      this.rooms,
      cancellations.flatMap((each): Announcement[] => (each.type === 'cancelled' ? [each.announcement] : [])),
    )
    for (const each of cancellations) if (each.type === 'requested') this.ask(each.lease, each.reason)
    return cancellations.map((each, i) => answer((cancels[i] as Cancel).ref, each))
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
