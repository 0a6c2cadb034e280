import { after } from '@anchorleg/shared'
import type { Canceller } from './canceller.js'
import type { Courier } from './courier.js'
import type { Dispatcher } from './dispatcher.js'
import type { Foreman } from './foreman.js'
import type { Lifeline } from './lifeline.js'
import type { Neighbours } from './neighbours.js'
import type { Notifier, Refs, Signal } from './notifier/notifier.js'
import type { Roster } from './roster.js'
import type { Lookup } from './store/store.js'
import type { Telemetry, TelemetryBus } from './telemetry.js'
import type { Watchers } from './watchers.js'

/** How often it looks whether something was missed, and the least time between two rounds over all that is awaited, in ms. */
const beat = { every: 1_000, round: 10_000 } as const

/** Refs read again at once. */
const page = 500

interface Rooms {
  readonly roster: Roster
  readonly dispatcher: Dispatcher
  readonly courier: Courier
  readonly watchers: Watchers
  readonly canceller: Canceller
  readonly lifeline: Lifeline
  readonly foreman: Foreman
  readonly neighbours: Neighbours
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/**
 * Hears what happened at other hubs, and has the rooms here read what concerns them. Signals are hints: what is awaited or
 * watched is read again, slowly and page by page, whether a signal came or not.
 */
export class Liaison {
  /** Something could not be read when it was to be. */
  #behind = false
  #left: Lookup[] = []
  #restedMs = 0
  #cancel = () => {}
  #stopped = false

  constructor(private readonly rooms: Rooms) {}

  start(): void {
    this.rooms.notifier.subscribe((signal) => void this.#guard(() => this.hear(signal)))
    this.rooms.telemetry.subscribe((event) => this.#pass(event))
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  async hear(signal: Signal): Promise<void> {
    const { courier, watchers, canceller, lifeline, foreman, dispatcher, roster } = this.rooms
    switch (signal.type) {
      case 'outcomes': {
        const lookups = lookupsOf(signal.jobs)
        await Promise.all([courier.reread(lookups), watchers.reread(lookups)])
        return
      }
      case 'reports':
        return watchers.reread(lookupsOf(signal.jobs))
      case 'moved':
        return watchers.moved(signal.jobIds)
      case 'available':
        if (signal.lanes.some((lane) => roster.serves(lane))) dispatcher.fill()
        return
      case 'serving':
        return this.rooms.neighbours.hear(signal.services)
      case 'recount':
        return this.rooms.neighbours.recount(roster)
      case 'cancels':
        return canceller.askAgain(signal.leases)
      case 'lost':
        return lifeline.lose(signal.leases, signal.silent)
      case 'queues':
        return foreman.heed()
      case 'gap':
        return this.#catchUp()
      default:
        signal satisfies never
    }
  }

  /** Watchers elsewhere hear of what has no outcome, and the neighbours of a worker that has come, or takes no jobs. */
  #pass(event: Telemetry): void {
    const left =
      event.type === 'worker.draining' || event.type === 'worker.overdue' || (event.type === 'peer.disconnected' && event.role === 'worker')
    if (left) {
      this.rooms.notifier.publish({ type: 'recount' })
      this.rooms.dispatcher.leaveLines()
    }
    if (left || event.type === 'worker.registered') this.rooms.neighbours.tell(this.rooms.roster)
    const moved = (event.type === 'job.claimed' && !event.unseen) || event.type === 'job.available'
    if (moved) this.rooms.notifier.publish({ type: 'moved', jobIds: [event.jobId] })
  }

  /** Reads everything again that a signal may have told. */
  async #catchUp(): Promise<void> {
    const { courier, watchers, canceller, foreman, roster } = this.rooms
    this.#behind = true
    await foreman.heed()
    await canceller.askAgain(roster.held())
    const lookups = [...courier.lookups(), ...watchers.lookups()]
    for (let i = 0; i < lookups.length; i += page) await this.#reread(lookups.slice(i, i + page))
    this.#behind = false
  }

  async #reread(lookups: readonly Lookup[]): Promise<void> {
    await Promise.all([this.rooms.courier.reread(lookups), this.rooms.watchers.reread(lookups)])
  }

  #schedule(): void {
    if (!this.#stopped) this.#cancel = after(beat.every, () => void this.#guard(() => this.#beat()).finally(() => this.#schedule()))
  }

  async #beat(): Promise<void> {
    if (this.#behind) return this.#catchUp()
    this.#restedMs += beat.every
    if (this.#left.length === 0) {
      if (this.#restedMs < beat.round) return
      this.#restedMs = 0
      this.#left = [...this.rooms.courier.lookups(), ...this.rooms.watchers.lookups()]
    }
    await this.#reread(this.#left.splice(0, page))
  }

  async #guard(read: () => Promise<void>): Promise<void> {
    try {
      await read()
    } catch (error) {
      this.#behind = true
      this.rooms.telemetry.tell({ type: 'store.failed', during: 'reread', error })
    }
  }
}

function lookupsOf(jobs: readonly Refs[]): Lookup[] {
  return jobs.flatMap(({ tenant, refs }) => refs.map((ref) => ({ tenant, ref })))
}
