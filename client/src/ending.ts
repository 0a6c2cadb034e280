import { after, type Outcome } from '@anchorleg/shared'
import type { RefAwaiter } from './attachments.js'
import { deferred } from './deferred.js'
import { RelayError } from './errors.js'

/** Waits, for so many ms, for the outcome that ends a job, and does not open it. */
export class Ending implements RefAwaiter {
  readonly want = 'final'
  readonly #settle = deferred<Outcome | undefined>()
  readonly #stop: () => void

  constructor(
    readonly ref: string,
    ms: number,
  ) {
    this.#stop = after(ms, () => this.#settle.resolve(undefined))
  }

  /** Undefined when it did not come in time. Rejects with RelayError when it never will. */
  get result(): Promise<Outcome | undefined> {
    return this.#settle.promise
  }

  outcome(outcome: unknown): void {
    this.#stop()
    this.#settle.resolve(outcome as Outcome)
  }

  failed(code: RelayError['code'], message: string): void {
    this.#stop()
    this.#settle.reject(new RelayError(code, message, { ref: this.ref }))
  }
}
