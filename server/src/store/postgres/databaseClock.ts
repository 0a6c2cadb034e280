import { type Clock, stopwatch } from '@anchorleg/shared'
import type pg from 'pg'

/** How old what is known of the database's clock may be, in ms: beyond `fresh` it is looked up along the way, beyond `stale` before all else. */
const ages = { fresh: 500, stale: 5_000 } as const

/**
 * The database's clock as this process can tell it at any moment: it looks now and then, and counts on from there. All hubs
 * have the one clock; their machines' own times do not matter. It is never ahead of the database, or a job would be claimed
 * before its time: what an answer says was so before the answer came. How long it was under way is not known, so it is behind by
 * that; of the looks in reach the one that says most counts.
 */
export class DatabaseClock implements Clock {
  #offset = 0
  #lookedAt = Number.NEGATIVE_INFINITY
  #keptAt = Number.NEGATIVE_INFINITY

  constructor(private readonly skew: Float64Array | undefined) {}

  now(): number {
    return this.unmoved.now() + (this.skew?.[0] ?? 0)
  }

  /** The time as the database itself has it, whatever a test has added to it. */
  readonly unmoved: Clock = { now: () => stopwatch.now() + this.#offset }

  /** Whether nothing may be dated before a look: at first, and after a time in which this process was not there. */
  get stale(): boolean {
    return stopwatch.now() - this.#lookedAt > ages.stale
  }

  get fresh(): boolean {
    return stopwatch.now() - this.#lookedAt < ages.fresh
  }

  async look(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ at: number }>({
      name: 'clock',
      text: 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 AS at',
    })
    const answered = stopwatch.now()
    this.#lookedAt = answered
    const offset = Number(rows[0]?.at) - answered
    // What was found long ago is let go of: clocks drift, and a database's may be set back.
    if (offset < this.#offset && answered - this.#keptAt < ages.stale) return
    this.#offset = offset
    this.#keptAt = answered
  }
}
