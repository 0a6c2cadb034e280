import type { AttemptRow } from './attemptRows.js'

/** Attempts remembered: beyond them the longest known are forgotten, and read again when they end. */
const longestMemory = 100_000

/**
 * What this hub knows of the attempts it has claimed. As long as a lease is current, no fact of its job changes but for a
 * request to cancel it, so that most attempts can be settled without having been read again.
 */
export class RunningFacts {
  readonly #rows = new Map<string, AttemptRow>()

  keep(row: AttemptRow): void {
    if (row.lease === null) return
    this.#rows.set(row.lease, row)
    if (this.#rows.size <= longestMemory) return
    for (const oldest of this.#rows.keys()) {
      this.#rows.delete(oldest)
      break
    }
  }

  /** Gives out what is known of an attempt, once. */
  take(lease: string): AttemptRow | undefined {
    const row = this.#rows.get(lease)
    this.#rows.delete(lease)
    return row
  }
}
