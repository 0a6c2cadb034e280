import type { Notifier } from './notifier/notifier.js'
import type { Announcement } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/** The one who tells of outcomes, after they are stored: the rooms of this hub that asked for it, the other hubs, and telemetry. */
export class Herald {
  readonly #listeners: ((announcements: readonly Announcement[]) => void)[] = []

  constructor(private readonly rooms: Rooms) {}

  subscribe(listener: (announcements: readonly Announcement[]) => void): void {
    this.#listeners.push(listener)
  }

  announce(announcements: readonly Announcement[]): void {
    if (announcements.length === 0) return
    const { notifier, telemetry } = this.rooms
    for (const listener of this.#listeners) listener(announcements)
    this.#tellOthers(announcements)
    const again = announcements.filter(({ state }) => state === 'available')
    if (again.length > 0) notifier.publish({ type: 'available', lanes: again })
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

  /** Other hubs hear of jobs of which they have read, and of those that they have stored; of most jobs nobody else has to hear. */
  #tellOthers(announcements: readonly Announcement[]): void {
    const everywhere: Announcement[] = []
    const alone = new Map<string, Announcement[]>()
    for (const announcement of announcements) {
      const { elsewhere } = announcement
      if (elsewhere === undefined) continue
      if (elsewhere === 'everywhere') {
        everywhere.push(announcement)
        continue
      }
      const jobs = alone.get(elsewhere.hub)
      if (jobs) jobs.push(announcement)
      else alone.set(elsewhere.hub, [announcement])
    }
    if (everywhere.length > 0) this.rooms.notifier.publish({ type: 'outcomes', jobs: everywhere })
    for (const [hub, jobs] of alone) this.rooms.notifier.publish({ type: 'outcomes', jobs }, hub)
  }
}
