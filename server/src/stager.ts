import { after, type Clock } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import type { Announcement, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** Jobs made available in one transaction. */
const batch = 1_000

/** The longest rest, in ms, whatever the next due time is said to be: what was missed is found then. */
const longestRest = 30_000

/** Makes scheduled and retryable jobs available when they are due. One timer, for the earliest of them, and none for each job. */
export class Stager {
  #wakeAt = Number.POSITIVE_INFINITY
  #cancel = () => {}
  #stopped = false

  constructor(
    private readonly store: Store,
    private readonly dispatcher: Dispatcher,
    private readonly telemetry: TelemetryBus,
    private readonly clock: Clock,
  ) {}

  /** Stages what is due already, and from then on what comes due. */
  start(): void {
    this.expect(this.clock.now())
  }

  /** A job will be due at this time, in ms since the epoch. */
  expect(dueAt: number): void {
    if (this.#stopped || dueAt >= this.#wakeAt) return
    this.#wakeAt = dueAt
    this.#cancel()
    this.#cancel = after(Math.max(0, dueAt - this.clock.now()), () => void this.#stage())
  }

  /** Jobs that wait for their next attempt will be due. */
  deliver(announcements: readonly Announcement[]): void {
    for (const { dueAt } of announcements) if (dueAt !== null) this.expect(dueAt)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  async #stage(): Promise<void> {
    this.#wakeAt = Number.POSITIVE_INFINITY
    const rest = this.clock.now() + longestRest
    try {
      const { staged, nextDueAt } = await this.store.stage(batch)
      for (const waiter of staged) this.telemetry.tell({ type: 'job.available', ...waiter })
      // Also when nothing was staged: this is the slow poll behind every hint that a job became available.
      this.dispatcher.fill()
      this.expect(Math.min(nextDueAt ?? rest, rest))
    } catch (error) {
      this.telemetry.tell({ type: 'store.failed', during: 'stage', error })
      this.expect(this.clock.now() + 1_000)
    }
  }
}
