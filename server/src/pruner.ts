import { after } from '@anchorleg/shared'
import type { Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

/** Jobs deleted in one transaction: few enough that a round trip behind it does not notice. */
const batch = 200

/** Rest between two batches while there is more to delete, and the longest and shortest rest otherwise, in ms. */
const rest = { busy: 50, longest: 60_000, shortest: 1_000 } as const

/** Deletes what outlived its retention, a little at a time. */
export class Pruner {
  #cancel = () => {}
  #stopped = false

  constructor(
    private readonly store: Store,
    private readonly telemetry: TelemetryBus,
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
      const pruned = await this.store.prune(batch)
      if (pruned.length > 0) this.telemetry.tell({ type: 'jobs.pruned', count: pruned.length })
      this.#schedule(pruned.length < batch ? idle : rest.busy)
    } catch (error) {
      this.telemetry.tell({ type: 'store.failed', during: 'prune', error })
      this.#schedule(idle)
    }
  }
}
