import type { Lease } from '@anchorleg/shared'
import { announce } from './announce.js'
import type { Notifier } from './notifier/notifier.js'
import type { Announcement, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly store: Store
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/**
 * Hands jobs back to the store, their attempts not consumed, and tells what became of each: it waits again, or has ended,
 * because it was to be cancelled. Answers for each whether its lease was still held.
 */
export async function handBack(rooms: Rooms, leases: readonly Lease[]): Promise<boolean[]> {
  const released = await rooms.store.release(leases)
  for (const each of released) if (each && 'jobId' in each) rooms.telemetry.tell({ type: 'job.available', ...each })
  announce(
    rooms,
    released.flatMap((each): Announcement[] => (each && 'announcement' in each ? [each.announcement] : [])),
  )
  return released.map((each) => each !== null)
}
