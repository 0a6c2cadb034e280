import type { Clock } from '@anchorleg/shared'

interface Terms {
  /** Tokens that come in a second. */
  readonly rate: number
  /** Tokens that it holds at most. */
  readonly burst: number
}

/** Tokens that come in steadily, and are taken by what is to be limited. Whoever needs more than it ever holds waits for a full one. */
export class Bucket {
  #tokens: number
  #at: number

  constructor(
    private readonly terms: Terms,
    private readonly clock: Clock,
  ) {
    this.#tokens = terms.burst
    this.#at = clock.now()
  }

  get rate(): number {
    return this.terms.rate
  }

  /** Whether it is full: then it is as good as a new one. */
  get isFull(): boolean {
    this.#fill()
    return this.#tokens >= this.terms.burst
  }

  /** Takes tokens if they are there. Answers with how long to wait for them, in ms: 0 when they were. */
  take(count: number): number {
    this.#fill()
    const missing = Math.min(count, this.terms.burst) - this.#tokens
    if (missing > 0) return (missing / this.terms.rate) * 1_000
    this.#tokens -= count
    return 0
  }

  /** Takes tokens even if they are not there. Answers with how long it takes to pay the debt, in ms. */
  spend(count: number): number {
    this.#fill()
    this.#tokens -= count
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.terms.rate) * 1_000
  }

  #fill(): void {
    const now = this.clock.now()
    this.#tokens = Math.min(this.terms.burst, this.#tokens + ((now - this.#at) / 1_000) * this.terms.rate)
    this.#at = now
  }
}
