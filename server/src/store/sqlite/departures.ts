/**
 * Lets things go once everything that was written before them has reached the disk. One sync runs at a time, and what comes
 * meanwhile shares the next.
 */
export class Departures<T> {
  #waiting: T[] = []
  #syncing: Promise<void> | undefined

  constructor(
    private readonly sync: () => Promise<void>,
    /** Lets them go; with the trouble when the disk did not take what they tell of. */
    private readonly leave: (things: readonly T[], trouble?: unknown) => void,
  ) {}

  /** `unwritten` is a thing that wrote nothing itself: it waits only for what was written before it. */
  add(thing: T, unwritten: boolean): void {
    if (unwritten && !this.#syncing) return this.leave([thing])
    this.#waiting.push(thing)
    this.#syncing ??= this.#run()
  }

  /** Resolves when nothing waits any more. */
  async done(): Promise<void> {
    await this.#syncing
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const things = this.#waiting
      this.#waiting = []
      await this.sync().then(
        () => this.leave(things),
        (trouble: unknown) => this.leave(things, trouble),
      )
    }
    this.#syncing = undefined
  }
}
