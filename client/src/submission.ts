import type { Submitted } from '@anchorleg/shared'
import { deferred } from './deferred.js'
import { RelayError } from './errors.js'
import { type NewJob, requestOf } from './newJob.js'
import type { Outbox, Parcel } from './outbox.js'

/** How jobs are submitted. */
export interface Terms {
  readonly atomic: boolean
  readonly signal: AbortSignal | undefined
  /** Whether the jobs are to be cancelled once nobody is attached to them. */
  readonly cancelOnDisconnect: boolean
}

interface Rooms {
  readonly outbox: Pick<Outbox, 'add' | 'withdraw'>
  /** Called once, when it is over either way. */
  readonly over: (submission: Submission) => void
}

/** Jobs on their way from the call to the hub's acknowledgement: checked, then in the outbox. */
export class Submission implements Parcel {
  readonly #settle = deferred<readonly Submitted[]>()
  jobs: Parcel['jobs'] = []
  weight = 0
  #over = false
  #abort: (() => void) | undefined

  constructor(
    /** The refs of its jobs, known before they are checked. */
    readonly refs: readonly string[],
    private readonly terms: Terms,
    private readonly rooms: Rooms,
  ) {
    const { signal } = terms
    if (!signal) return
    this.#abort = () => this.reject(new RelayError('aborted', 'Submitting was aborted; the job may exist.', { cause: signal.reason }))
    signal.addEventListener('abort', this.#abort)
  }

  get promise(): Promise<readonly Submitted[]> {
    return this.#settle.promise
  }

  get atomic(): boolean {
    return this.terms.atomic
  }

  /** Checks the jobs, at once where their schemas do, and puts them into the outbox. */
  send(jobs: readonly NewJob[]): void {
    if (this.terms.signal?.aborted) return this.#abort?.()
    try {
      const requests = jobs.map(requestOf)
      if (!requests.some((request) => request instanceof Promise)) return this.#post(requests as Parcel['jobs'])
      Promise.all(requests).then(
        (checked) => this.#post(checked),
        (error: RelayError) => this.reject(error),
      )
    } catch (error) {
      this.reject(error as RelayError)
    }
  }

  resolve(submitted: readonly Submitted[]): void {
    if (this.#end()) this.#settle.resolve(submitted)
  }

  reject(error: RelayError): void {
    if (!this.#end()) return
    this.rooms.outbox.withdraw(this)
    this.#settle.reject(this.#withRef(error))
  }

  #post(requests: Parcel['jobs']): void {
    this.jobs = this.terms.cancelOnDisconnect ? requests.map((request) => ({ ...request, cancelOnDisconnect: true as const })) : requests
    if (!this.#over) this.rooms.outbox.add(this)
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    if (this.#abort) this.terms.signal?.removeEventListener('abort', this.#abort)
    this.rooms.over(this)
    return true
  }

  #withRef(error: RelayError): RelayError {
    const [ref] = this.refs
    if (error.ref !== undefined || ref === undefined) return error
    return new RelayError(error.code, error.message, { ref, retryAfter: error.retryAfter, cause: error.cause })
  }
}
