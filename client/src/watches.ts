import { type ClientAsks, cutIntoFrames, endOfTurn, type WatchEvent, type Watched } from '@anchorleg/shared'
import { messages } from './attachments.js'
import type { Connection } from './connection.js'
import { RelayError } from './errors.js'
import { demandRelay, isPromise } from './givenRelay.js'
import { Inquiries } from './inquiries.js'
import { demand, signal as isSignal } from './options.js'
import { type WatchAsked, Watching } from './watching.js'

interface Rooms {
  readonly connection: Connection<ClientAsks>
  readonly isUnderWay: (ref: string) => boolean
}

/** Bytes of one ref and its cursor in a frame. */
const weight = 160

/**
 * The refs that are watched here. All watchers of a ref share one place at the hub, which is given up with the last of them;
 * each has its own way through what is stored.
 */
export class Watches {
  readonly inquiries: Inquiries<WatchAsked, Watched>
  readonly #watched = new Map<string, Set<Watching>>()
  #left = new Set<string>()

  constructor(private readonly rooms: Rooms) {
    const { connection, isUnderWay } = rooms
    const ask = (watches: WatchAsked[]) => connection.ask('watch', { watches })
    this.inquiries = new Inquiries({ connection, ask, weigh: () => weight, isUnderWay, patient: true })
  }

  /** What happens to a job, for as many walks through it as are wanted. @throws {TypeError} for what is no relay or no signal */
  watch(relay: unknown, signal: AbortSignal | undefined): AsyncIterable<any> {
    // Whoever watches is told of its rejection.
    if (isPromise(relay)) Promise.resolve(relay).catch(() => {})
    demandRelay(relay)
    demand('signal', isSignal, signal)
    return { [Symbol.asyncIterator]: () => new Watching(relay, signal, this) }
  }

  get ended(): RelayError | undefined {
    return this.rooms.connection.ended
  }

  join(watching: Watching): void {
    const others = this.#watched.get(watching.ref)
    if (others) others.add(watching)
    else this.#watched.set(watching.ref, new Set([watching]))
    this.rooms.connection.open()
    this.ask(watching)
  }

  ask(watching: Watching): void {
    this.inquiries.add(watching)
  }

  /** A watcher goes before the job has ended. The last one gives up the place at the hub. */
  leave(watching: Watching): void {
    this.inquiries.withdraw(watching)
    if (!this.#forget(watching) || this.#watched.has(watching.ref)) return
    this.#left.add(watching.ref)
    if (this.#left.size === 1) endOfTurn(() => this.#unwatch())
  }

  /** A watcher has had the final outcome, with which the hub ends the watch of its ref: others who may not have it ask for it. */
  finished(watching: Watching, by: 'event' | 'answer'): void {
    this.#forget(watching)
    if (by === 'answer') for (const other of this.#watched.get(watching.ref) ?? []) other.renew()
  }

  /** What the hub tells of watched refs. */
  deliver(events: readonly WatchEvent[]): void {
    for (const event of events) for (const watching of [...(this.#watched.get(event?.ref) ?? [])]) watching.told(event)
  }

  /** Refs whose job was deleted after its retention. */
  expired(refs: readonly string[]): void {
    for (const ref of refs) {
      for (const watching of [...(this.#watched.get(ref) ?? [])]) watching.failed(new RelayError('expired', messages.expired, { ref }))
    }
  }

  /** Every watcher asks again from where it is. */
  disconnected(): void {
    this.inquiries.disconnected()
    this.#left.clear()
    for (const watchings of this.#watched.values()) for (const watching of watchings) watching.disconnected()
  }

  end(error: RelayError): void {
    this.inquiries.end(error)
    for (const watching of [...this.#watched.values()].flatMap((watchings) => [...watchings])) watching.failed(error)
  }

  #forget(watching: Watching): boolean {
    const watchings = this.#watched.get(watching.ref)
    if (!watchings?.delete(watching)) return false
    if (watchings.size === 0) this.#watched.delete(watching.ref)
    return true
  }

  #unwatch(): void {
    const { connection } = this.rooms
    const refs = [...this.#left].filter((ref) => !this.#watched.has(ref))
    this.#left = new Set()
    if (refs.length === 0 || connection.status !== 'connected' || !connection.limits) return
    for (const frame of cutIntoFrames(refs, connection.limits, () => weight)) void connection.ask('unwatch', { refs: frame })
  }
}
