import type { Notifier } from './notifier/notifier.js'
import type { Announcement } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/** The one place that tells of outcomes, after they are stored: through the notifier to awaiters and to the stager for the next attempt, and to telemetry. */
export function announce({ notifier, telemetry }: Rooms, announcements: readonly Announcement[]): void {
  notifier.publish(announcements)
  for (const { jobId, queue, name, state, outcome, claimedAt } of announcements) {
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
