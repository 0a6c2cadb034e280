import { type Clock, stopwatch } from '@anchorleg/shared'
import type pg from 'pg'

/** How old what is known of the database's clock may be, in ms: beyond `fresh` it is looked up along the way, beyond `stale` before all else. */
const ages = { fresh: 500, stale: 5_000 } as const

/** A look that took longer, in ms, says too little, as long as what is known is not stale. */
const vague = 20

/**
 * The database's clock as this process can tell it at any moment: it looks now and then, and counts on from there. All hubs
 * have the one clock, as exactly as a round trip tells; their machines' own times do not matter.
 */
export class DatabaseClock implements Clock {
  #offset = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly skew: Float64Array | undefined) {}

  now(): number {
    return stopwatch.now() + this.#offset + (this.skew?.[0] ?? 0)
  }

  /** Whether nothing may be dated before a look: at first, and after a time in which this process was not there. */
  get stale(): boolean {
    return stopwatch.now() - this.#lookedAt > ages.stale
  }

  get fresh(): boolean {
    return stopwatch.now() - this.#lookedAt < ages.fresh
  }

  async look(client: pg.Client): Promise<void> {
    const asked = stopwatch.now()
    const { rows } = await client.query<{ at: number }>({
      name: 'clock',
      text: 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 AS at',
    })
    const answered = stopwatch.now()
    if (answered - asked > vague && !this.stale) return
    this.#offset = Number(rows[0]?.at) - (asked + answered) / 2
    this.#lookedAt = answered
  }
}
