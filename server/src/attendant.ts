import { after, type Clock, codecTag, seal } from '@anchorleg/shared'
import type { Canceller } from './canceller.js'
import type { Courier } from './courier.js'
import type { Lookup, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'
import type { Watchers } from './watchers.js'

/** How often it looks who came and who left, in ms. */
const beat = 2_000

/** How often it says again who is still there, in ms: a hub that dies takes no more than that from its callers' patience. */
const refresh = 10_000

/** Refs or jobs in one call of the store. */
const batch = 1_000

interface Rooms {
  readonly store: Store
  readonly courier: Courier
  readonly watchers: Watchers
  readonly canceller: Canceller
  readonly telemetry: TelemetryBus
  readonly clock: Clock
}

/** A ref that somebody is attached to. */
interface Presence {
  readonly lookup: Lookup
  /** When its job is to be attended again; never, when it does not ask for it. */
  dueAt: number
}

/**
 * Cancels jobs whose callers wanted that once they are gone: when nobody, at any hub, has been attached to any of a job's refs,
 * awaiting or watching, for the patience. Who is attached here it notes in the store. After its start, and after a time in which
 * it or its store was not there, everybody gets as long to come back.
 */
export class Attendant {
  readonly #present = new Map<string, Presence>()
  readonly #seen = new Map<string, Lookup>()
  #cancel = () => {}
  #lastBeat = 0
  #quietUntil = 0
  #stopped = false

  constructor(
    private readonly rooms: Rooms,
    /** In ms. */
    private readonly patienceMs: number,
  ) {}

  start(): void {
    this.#lastBeat = this.rooms.clock.now()
    this.#quietUntil = this.#lastBeat + this.patienceMs
    this.#schedule()
  }

  /** Somebody has shown interest in a ref's job, attached or not. */
  see(lookup: Lookup): void {
    this.#seen.set(keyOf(lookup), lookup)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #schedule(): void {
    if (!this.#stopped) this.#cancel = after(Math.min(beat, this.patienceMs), () => void this.#beat())
  }

  async #beat(): Promise<void> {
    const { clock, telemetry } = this.rooms
    if (clock.now() - this.#lastBeat > beat + this.patienceMs / 3) this.#quietUntil = clock.now() + this.patienceMs
    try {
      await this.#attend()
      // Who is attached here has been noted by now, so that what is found has nobody here.
      if (clock.now() >= this.#quietUntil) await this.#cancelAbandoned()
      this.#lastBeat = clock.now()
    } catch (error) {
      telemetry.tell({ type: 'store.failed', during: 'attend', error })
    }
    this.#schedule()
  }

  /** Notes who came, who is still there, and, once more, who has left. */
  async #attend(): Promise<void> {
    const now = this.rooms.clock.now()
    const due = new Map(this.#seen)
    const here = this.#attached()
    for (const [key, { lookup, dueAt }] of this.#present) {
      if (here.has(key) ? dueAt <= now : dueAt !== Number.POSITIVE_INFINITY) due.set(key, lookup)
    }
    for (const [key, lookup] of here) if (!this.#present.has(key)) due.set(key, lookup)
    const entries = [...due]
    for (let i = 0; i < entries.length; i += batch) await this.#note(entries.slice(i, i + batch), here)
    for (const key of this.#present.keys()) if (!here.has(key)) this.#present.delete(key)
  }

  async #note(entries: readonly (readonly [string, Lookup])[], here: ReadonlyMap<string, Lookup>): Promise<void> {
    const matters = await this.rooms.store.attend(entries.map(([, lookup]) => lookup))
    const dueAt = this.rooms.clock.now() + refresh
    entries.forEach(([key, lookup], i) => {
      this.#seen.delete(key)
      if (here.has(key)) this.#present.set(key, { lookup, dueAt: matters[i] ? dueAt : Number.POSITIVE_INFINITY })
    })
  }

  #attached(): Map<string, Lookup> {
    const here = new Map<string, Lookup>()
    for (const room of [this.rooms.courier, this.rooms.watchers]) {
      for (const { tenant, ref } of room.lookups()) here.set(keyOf({ tenant, ref }), { tenant, ref })
    }
    return here
  }

  async #cancelAbandoned(): Promise<void> {
    const { store, canceller, clock } = this.rooms
    const asked = clock.now()
    const left = await store.abandoned(this.patienceMs, batch)
    // Behind a stall somebody may have come back to another hub.
    if (left.length > 0 && clock.now() - asked <= beat + this.patienceMs / 3)
      await canceller.cancel(left.map((lookup) => ({ ...lookup, reason: abandoned })))
  }
}

/** The reason of such a cancellation. */
const abandoned = { codec: codecTag, value: seal('Everyone who waited for it has left.') }

function keyOf({ tenant, ref }: Lookup): string {
  return `${ref} ${tenant}`
}
