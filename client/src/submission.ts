import { after, type Submitted } from '@anchorleg/shared'
import { RelayError } from './errors.js'
import { type NewJob, requestOf } from './newJob.js'
import type { Outbox, Parcel } from './outbox.js'

export interface Terms {
  readonly outbox: Outbox
  readonly atomic: boolean
  /** Milliseconds from the call to `unreachable`. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  /** Whether the jobs are to be cancelled once nobody is attached to them. */
  readonly cancelOnDisconnect: boolean
  /** Called once, when it is over either way. */
  readonly over: (submission: Submission) => void
}

/** Jobs on their way from the call to the hub's acknowledgement: checked, then in the outbox. */
export class Submission implements Parcel {
  readonly promise: Promise<readonly Submitted[]>
  readonly atomic: boolean
  jobs: Parcel['jobs'] = []
  #over = false
  readonly #stop: () => void
  #settle!: { resolve(submitted: readonly Submitted[]): void; reject(error: RelayError): void }

  constructor(
    /** The refs of its jobs, known before they are checked. */
    readonly refs: readonly string[],
    private readonly terms: Terms,
  ) {
    this.atomic = terms.atomic
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    const { timeout, signal } = terms
    const message = `The hub did not confirm the job within ${timeout} ms. It may exist: submitting the same job object again is safe.`
    this.#stop = after(timeout, () => this.reject(new RelayError('unreachable', message)))
    signal?.addEventListener('abort', this.#abort)
  }

  /** Checks the jobs, at once where their schemas do, and puts them into the outbox. */
  send(jobs: readonly NewJob[]): void {
    if (this.terms.signal?.aborted) return this.#abort()
    try {
      const requests = jobs.map(requestOf)
      if (requests.some((request) => request instanceof Promise)) Promise.all(requests).then(this.#post, this.reject)
      else this.#post(requests as Parcel['jobs'])
    } catch (error) {
      this.reject(error as RelayError)
    }
  }

  resolve(submitted: readonly Submitted[]): void {
    if (this.#end()) this.#settle.resolve(submitted)
  }

  readonly reject = (error: RelayError): void => {
    if (!this.#end()) return
    this.terms.outbox.withdraw(this)
    this.#settle.reject(this.#withRef(error))
  }

  readonly #post = (requests: Parcel['jobs']): void => {
    this.jobs = this.terms.cancelOnDisconnect ? requests.map((request) => ({ ...request, cancelOnDisconnect: true as const })) : requests
    if (!this.#over) this.terms.outbox.add(this)
  }

  readonly #abort = (): void => {
    this.reject(new RelayError('aborted', 'Submitting was aborted; the job may exist.', { cause: this.terms.signal?.reason }))
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#stop()
    this.terms.signal?.removeEventListener('abort', this.#abort)
    this.terms.over(this)
    return true
  }

  #withRef(error: RelayError): RelayError {
    const [ref] = this.refs
    if (error.ref !== undefined || ref === undefined) return error
    return new RelayError(error.code, error.message, { ref, retryAfter: error.retryAfter, cause: error.cause })
  }
}
