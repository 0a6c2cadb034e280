import type { Notifier } from './notifier/notifier.js'
import type { Stager } from './stager.js'
import type { Announcement } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly notifier: Notifier
  readonly stager: Stager
  readonly telemetry: TelemetryBus
}

/** The one place that tells of outcomes, after they are stored: to awaiters, to the stager for the next attempt, and to telemetry. */
export function announce({ notifier, stager, telemetry }: Rooms, announcements: readonly Announcement[]): void {
  notifier.publish(announcements)
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
