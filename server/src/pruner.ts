import { after } from '@anchorleg/shared'
import type { Courier } from './courier.js'
import type { Notifier } from './notifier/notifier.js'
import type { Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'
import type { Watchers } from './watchers.js'

/** Jobs deleted in one transaction: few enough that a round trip behind it does not notice. */
const batch = 200

/** Rest between two batches while there is more to delete, and the longest and shortest rest otherwise, in ms. */
const rest = { busy: 50, longest: 60_000, shortest: 1_000 } as const

interface Rooms {
  readonly store: Store
  readonly courier: Courier
  readonly watchers: Watchers
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/** Deletes what outlived its retention, a little at a time, and tells those who still await or watch it. */
export class Pruner {
  #cancel = () => {}
  #stopped = false

  constructor(
    private readonly rooms: Rooms,
    /** In ms. */
    private readonly retentionMs: number,
  ) {}

  start(): void {
    this.#schedule(rest.shortest)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #schedule(ms: number): void {
    if (!this.#stopped) this.#cancel = after(ms, () => void this.#prune())
  }

  async #prune(): Promise<void> {
    const idle = Math.min(rest.longest, Math.max(rest.shortest, this.retentionMs / 10))
    try {
      const pruned = await this.rooms.store.prune(batch)
      if (pruned.length > 0) {
        this.rooms.telemetry.tell({ type: 'jobs.pruned', count: pruned.length })
        this.rooms.courier.expired(pruned)
        this.rooms.watchers.expired(pruned)
        this.rooms.notifier.publish({ type: 'outcomes', jobs: pruned.map(({ tenant, ref }) => ({ tenant, refs: [ref] })) })
      }
      this.#schedule(pruned.length < batch ? idle : rest.busy)
    } catch (error) {
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'prune', error })
      this.#schedule(idle)
    }
  }
}
