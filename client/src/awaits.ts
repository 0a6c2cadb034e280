import { Deadlines } from '@anchorleg/shared'
import { Awaiting, askedAhead, type Patience, patienceOf, type Rooms, type Wait } from './awaiting.js'
import type { AwaitResult, RelayError } from './errors.js'
import { demandRelay, isPromise } from './givenRelay.js'
import { show } from './options.js'

/** The awaits under way on one client. */
export class Awaits {
  /** First that of asking ahead, where there is one, then the deadline itself; then none, while the hub has its last word. */
  readonly #deadlines = new Deadlines<Awaiting>((awaiting) => this.#due(awaiting))

  constructor(private readonly rooms: Rooms) {}

  /** Awaits one relay or the promise of one. Rejects with TypeError for arguments that are not as they must be, and for nothing else. */
  one(given: unknown, wait: Wait | undefined): Promise<AwaitResult<any>> {
    try {
      return this.#begin([given], wait)[0] as Promise<AwaitResult<any>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Awaits relays and promises of relays with one deadline, counted from the call. Rejects like {@link one}. */
  async all(given: readonly unknown[], wait: Wait | undefined): Promise<AwaitResult<any>[]> {
    if (!Array.isArray(given)) throw new TypeError(`expected a list of relays, got ${show(given)}`)
    // A list with holes has undefined there, like any other list.
    return Promise.all(this.#begin(Array.from<unknown>(given), wait))
  }

  /** Ends every await, and whatever comes later. */
  end({ code, message }: RelayError): void {
    for (const awaiting of this.#deadlines.entries) awaiting.failed(code as 'closed' | 'unauthorized' | 'forbidden', message)
  }

  #begin(relays: readonly unknown[], wait: Wait | undefined): Promise<AwaitResult<any>>[] {
    const { connection } = this.rooms
    const patience = read(relays, wait)
    if (relays.length > 0) connection.open()
    const { timeout, signal } = patience
    const begun = relays.map((relay) => {
      const awaiting = new Awaiting(relay, patience, this.rooms, this.#over)
      awaiting.next = timeout > 2 * askedAhead ? timeout - askedAhead : timeout
      this.#deadlines.add(awaiting.next, awaiting)
      return awaiting
    })
    const results = begun.map(({ result }) => result)
    if (signal) heed(signal, begun)
    if (connection.ended) this.end(connection.ended)
    return results
  }

  #due(awaiting: Awaiting): void {
    const { next, timeout } = awaiting
    const isLast = next === timeout || next === askedAhead
    awaiting.next = isLast ? Number.POSITIVE_INFINITY : askedAhead
    this.#deadlines.add(awaiting.next, awaiting)
    void (isLast ? awaiting.expire() : awaiting.askAhead())
  }

  readonly #over = (awaiting: Awaiting): void => {
    this.#deadlines.delete(awaiting.next, awaiting)
  }
}

/** Ends awaits when their caller's signal aborts, and lets go of it when all have ended. */
function heed(signal: AbortSignal, awaitings: readonly Awaiting[]): void {
  const abort = () => {
    for (const awaiting of awaitings) awaiting.failed('aborted', 'The wait was aborted; the job runs on.')
  }
  if (signal.aborted) return abort()
  signal.addEventListener('abort', abort)
  void Promise.all(awaitings.map(({ result }) => result)).then(() => signal.removeEventListener('abort', abort))
}

/** Reads the arguments. What a given promise rejects with is no unhandled rejection, though the call refuses its arguments. */
function read(relays: readonly unknown[], wait: Wait | undefined): Patience {
  try {
    const patience = patienceOf(wait)
    relays.forEach((relay, i) => demandRelay(relay, relays.length > 1 ? ` at index ${i}` : ''))
    return patience
  } catch (error) {
    for (const each of relays) if (isPromise(each)) Promise.resolve(each).catch(() => {})
    throw error
  }
}
