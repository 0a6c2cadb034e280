import { after } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import type { Notifier } from './notifier/notifier.js'
import type { Announcement, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** Jobs made available in one transaction. */
const batch = 1_000

/** The longest rest, in ms, whatever the next due time is said to be: what was missed is found then. */
const longestRest = 5_000

interface Rooms {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/**
 * Makes scheduled and retryable jobs available when they are due, by the store's time. One timer, for the earliest of them, and
 * none for each job.
 */
export class Stager {
  #wakeAt = Number.POSITIVE_INFINITY
  #cancel = () => {}
  #stopped = false

  constructor(private readonly rooms: Rooms) {}

  /** Stages what is due already, and from then on what comes due. */
  start(): void {
    this.expect(this.rooms.store.now())
  }

  /** A job will be due at this time, in ms since the epoch. */
  expect(dueAt: number): void {
    if (this.#stopped || dueAt >= this.#wakeAt) return
    this.#wakeAt = dueAt
    this.#cancel()
    this.#cancel = after(Math.max(0, dueAt - this.rooms.store.now()), () => void this.#stage())
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
    const rest = this.rooms.store.now() + longestRest
    try {
      const { staged, nextDueAt } = await this.rooms.store.stage(batch)
      for (const waiter of staged) this.rooms.telemetry.tell({ type: 'job.available', ...waiter })
      if (staged.length > 0) this.rooms.notifier.publish({ type: 'available', lanes: staged })
      // Also when nothing was staged: this is the slow poll behind every hint that a job became available.
      this.rooms.dispatcher.fill()
      this.expect(Math.min(nextDueAt ?? rest, rest))
    } catch (error) {
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'stage', error })
      this.expect(this.rooms.store.now() + 1_000)
    }
  }
}
