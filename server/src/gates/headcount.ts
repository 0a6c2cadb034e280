/** How many there are of each kind, up to a bound. */
export class Headcount {
  readonly #counts = new Map<string, number>()

  /** One more, unless the bound is reached: gives what is to be called once when it leaves. */
  enter(key: string, bound: number): (() => void) | undefined {
    const count = this.#counts.get(key) ?? 0
    if (count >= bound) return undefined
    this.#counts.set(key, count + 1)
    return () => this.#leave(key)
  }

  #leave(key: string): void {
    const left = (this.#counts.get(key) ?? 0) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}
