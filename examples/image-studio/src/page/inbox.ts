/** Runs tasks in the order they come, a few at a time, so that forty large files are not all in memory at once. */
export class Inbox {
  readonly #waiting: (() => Promise<unknown>)[] = []
  #running = 0
  #all: Promise<unknown> = Promise.resolve()

  constructor(private readonly atOnce: number) {}

  /** @param task must not reject */
  add(task: () => Promise<unknown>): void {
    const done = new Promise((resolve) => this.#waiting.push(() => task().finally(() => resolve(undefined))))
    this.#all = Promise.all([this.#all, done])
    this.#next()
  }

  /** Resolves when everything that has been added so far is done. */
  settled(): Promise<unknown> {
    return this.#all
  }

  #next(): void {
    const task = this.#running < this.atOnce ? this.#waiting.shift() : undefined
    if (!task) return
    this.#running++
    task().finally(() => {
      this.#running--
      this.#next()
    })
  }
}
