import { after } from '@anchorleg/shared'
import { Awaiting, askedAhead, type Patience, patienceOf, type Rooms, type Wait } from './awaiting.js'
import type { AwaitResult, RelayError } from './errors.js'
import { demandRelay, isPromise } from './givenRelay.js'
import { show } from './options.js'

/** The awaits under way on one client. */
export class Awaits {
  readonly #open = new Set<Awaiting>()

  constructor(private readonly rooms: Rooms) {}

  /**
   * Awaits relays and promises of relays with one deadline, counted from the call.
   * Rejects with TypeError for arguments that are not as they must be, and for nothing else.
   */
  async all(given: readonly unknown[], wait: Wait | undefined): Promise<AwaitResult<any>[]> {
    if (!Array.isArray(given)) throw new TypeError(`expected a list of relays, got ${show(given)}`)
    // A list with holes has undefined there, like any other list.
    const relays = Array.from<unknown>(given)
    for (const relay of relays) if (isPromise(relay)) Promise.resolve(relay).catch(() => {})
    const patience = patienceOf(wait)
    relays.forEach((relay, i) => demandRelay(relay, relays.length > 1 ? ` at index ${i}` : ''))
    if (relays.length === 0) return []
    this.rooms.connection.open()
    return Promise.all(this.#begin(relays, patience))
  }

  /** Ends every await, and whatever comes later. */
  end({ code, message }: RelayError): void {
    for (const awaiting of [...this.#open]) awaiting.failed(code as 'closed' | 'unauthorized' | 'forbidden', message)
  }

  #begin(relays: readonly unknown[], patience: Patience): Promise<AwaitResult<any>>[] {
    const { timeout, signal } = patience
    const mine = new Set<Awaiting>()
    const over = (awaiting: Awaiting) => {
      mine.delete(awaiting)
      this.#open.delete(awaiting)
      if (mine.size > 0) return
      stop()
      stopAsking()
      signal?.removeEventListener('abort', abort)
    }
    const abort = () => {
      for (const awaiting of [...mine]) awaiting.failed('aborted', 'The wait was aborted; the job runs on.')
    }
    const stop = after(timeout, () => {
      for (const awaiting of [...mine]) void awaiting.expire()
    })
    const ahead = timeout > 2 * askedAhead ? timeout - askedAhead : Number.POSITIVE_INFINITY
    const stopAsking = after(ahead, () => {
      for (const awaiting of [...mine]) void awaiting.askAhead()
    })
    signal?.addEventListener('abort', abort)
    const results = relays.map((relay) => {
      const awaiting = new Awaiting(relay, patience, this.rooms, over)
      mine.add(awaiting)
      this.#open.add(awaiting)
      return awaiting.result
    })
    if (this.rooms.connection.ended) this.end(this.rooms.connection.ended)
    else if (signal?.aborted) abort()
    return results
  }
}
