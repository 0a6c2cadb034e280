/** Runs tasks in the order they come, a few at a time, so that forty large files are not all in memory at once. */
export class Inbox {
  readonly #waiting: (() => Promise<unknown>)[] = []
  #running = 0

  constructor(private readonly atOnce: number) {}

  add(task: () => Promise<unknown>): void {
    this.#waiting.push(task)
    this.#next()
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
