import type { Lease } from '@anchorleg/shared'
import type { Herald } from './herald.js'
import type { Notifier } from './notifier/notifier.js'
import type { Announcement, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly store: Store
  readonly notifier: Notifier
  readonly herald: Herald
  readonly telemetry: TelemetryBus
}

/**
 * Hands jobs back to the store, their attempts not consumed, and tells what became of each: it waits again, or has ended,
 * because it was to be cancelled. Answers for each whether its lease was still held.
 */
export async function handBack({ store, notifier, herald, telemetry }: Rooms, leases: readonly Lease[]): Promise<boolean[]> {
  const released = await store.release(leases)
  const waiting = released.filter((each) => each !== null && 'jobId' in each)
  for (const each of waiting) telemetry.tell({ type: 'job.available', ...each })
  if (waiting.length > 0) notifier.publish({ type: 'available', lanes: waiting })
  herald.announce(released.flatMap((each): Announcement[] => (each && 'announcement' in each ? [each.announcement] : [])))
  return released.map((each) => each !== null)
}
