/** Who does something, each in turn: how a relay spreads jobs over its workers. */
export class Turns<T> {
  readonly #all: T[] = []
  #next = 0

  add(one: T): void {
    this.#all.push(one)
  }

  /** Whose turn it is; undefined while there is nobody. */
  take(): T | undefined {
    const one = this.#all[this.#next]
    this.#next = (this.#next + 1) % Math.max(1, this.#all.length)
    return one
  }
}
