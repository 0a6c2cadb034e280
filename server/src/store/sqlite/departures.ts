/** What brings everything written so far to the disk; either way it fails when the disk does not take it. */
export interface Sync {
  /** Waits for the disk beside whatever else this thread does. */
  soon(): Promise<void>
  /** Waits for the disk at once, which is sooner done by the time it takes to hand it over and back. */
  now(): void
}

/** When a thing may leave: at once, as it wrote nothing; after a sync; or after one that this thread has time to wait for. */
export type Due = 'unwritten' | 'soon' | 'now'

/**
 * Lets things go once everything that was written before them has reached the disk. One sync runs at a time, and what comes
 * meanwhile shares the next.
 */
export class Departures<T> {
  #waiting: T[] = []
  #syncing: Promise<void> | undefined

  constructor(
    private readonly sync: Sync,
    /** Lets them go; with the trouble when the disk did not take what they tell of. */
    private readonly leave: (things: readonly T[], trouble?: unknown) => void,
  ) {}

  add(thing: T, due: Due): void {
    if (this.#syncing || due === 'soon') {
      this.#waiting.push(thing)
      this.#syncing ??= this.#run()
    } else if (due === 'unwritten') this.leave([thing])
    else this.#now(thing)
  }

  /** Resolves when nothing waits any more. */
  async done(): Promise<void> {
    await this.#syncing
  }

  #now(thing: T): void {
    try {
      this.sync.now()
    } catch (trouble) {
      return this.leave([thing], trouble)
    }
    this.leave([thing])
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const things = this.#waiting
      this.#waiting = []
      await this.sync.soon().then(
        () => this.leave(things),
        (trouble: unknown) => this.leave(things, trouble),
      )
    }
    this.#syncing = undefined
  }
}
