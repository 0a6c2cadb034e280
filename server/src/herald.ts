import type { Courier } from './courier.js'
import type { Notifier } from './notifier/notifier.js'
import type { Stager } from './stager.js'
import type { Announcement } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'
import type { Watchers } from './watchers.js'

interface Rooms {
  readonly courier: Courier
  readonly watchers: Watchers
  readonly notifier: Notifier
  readonly stager: Stager
  readonly telemetry: TelemetryBus
}

/** The one who tells of outcomes, after they are stored: awaiters and watchers here, the other hubs, the stager for the next attempt, and telemetry. */
export class Herald {
  constructor(private readonly rooms: Rooms) {}

  announce(announcements: readonly Announcement[]): void {
    if (announcements.length === 0) return
    const { courier, watchers, notifier, stager, telemetry } = this.rooms
    courier.deliver(announcements)
    watchers.deliver(announcements)
    notifier.publish({ type: 'outcomes', jobs: announcements })
    const again = announcements.filter(({ state }) => state === 'available')
    if (again.length > 0) notifier.publish({ type: 'available', lanes: again })
    for (const { jobId, queue, name, state, dueAt, outcome, claimedAt } of announcements) {
      if (dueAt !== null) stager.expect(dueAt)
      telemetry.tell({
        type: 'job.outcome',
        jobId,
        lane: { queue, name },
        state,
        attempt: outcome.attempt,
        outcome: outcome.type,
        code: outcome.type === 'error' ? outcome.code : undefined,
        ranMs: outcome.at - claimedAt,
      })
    }
  }
}
