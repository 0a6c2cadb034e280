import { after, stopwatch } from './clock.js'

/** The entries that wait equally long, each with its deadline, in order. */
interface Lane<T> {
  readonly entries: Map<T, number>
  stop: () => void
}

/**
 * Deadlines of many entries, most of which wait equally long: those of one length share a timer, so that each costs what an
 * entry of a map does. Without entries there is no timer.
 */
export class Deadlines<T> {
  readonly #lanes = new Map<number, Lane<T>>()

  /** @param due is called with each entry, once, when its time is over: never before. */
  constructor(private readonly due: (entry: T) => void) {}

  /** All entries that are counted for. */
  get entries(): T[] {
    return [...this.#lanes.values()].flatMap(({ entries }) => [...entries.keys()])
  }

  /** Begins to count for an entry that is not counted yet; `Infinity` ms never end. */
  add(ms: number, entry: T): void {
    const known = this.#lanes.get(ms)
    const lane = known ?? { entries: new Map<T, number>(), stop: () => {} }
    lane.entries.set(entry, stopwatch.now() + ms)
    if (known) return
    this.#lanes.set(ms, lane)
    this.#wind(ms, lane)
  }

  /** Counts no longer for an entry that was added with so many ms. */
  delete(ms: number, entry: T): void {
    const lane = this.#lanes.get(ms)
    if (!lane?.entries.delete(entry) || lane.entries.size > 0) return
    lane.stop()
    this.#lanes.delete(ms)
  }

  #wind(ms: number, lane: Lane<T>): void {
    const [earliest = 0] = lane.entries.values()
    lane.stop = after(Math.max(0, earliest - stopwatch.now()), () => this.#ring(ms, lane))
  }

  #ring(ms: number, lane: Lane<T>): void {
    const now = stopwatch.now()
    const over: T[] = []
    for (const [entry, at] of lane.entries) {
      if (at > now) break
      over.push(entry)
      lane.entries.delete(entry)
    }
    if (lane.entries.size > 0) this.#wind(ms, lane)
    else this.#lanes.delete(ms)
    for (const entry of over) this.due(entry)
  }
}
