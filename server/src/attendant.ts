import { after, type Clock, codecTag, seal } from '@anchorleg/shared'
import type { Canceller } from './canceller.js'
import type { Courier } from './courier.js'
import type { Announcement, Lookup, Store, Told } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'
import type { Watchers } from './watchers.js'

/** How often it looks whether anybody is there, in ms. */
const beat = 2_000

interface Rooms {
  readonly store: Store
  readonly courier: Courier
  readonly watchers: Watchers
  readonly canceller: Canceller
  readonly telemetry: TelemetryBus
  readonly clock: Clock
}

type Whose = Pick<Told, 'jobId' | 'tenant' | 'refs'>

interface Attended {
  readonly lookups: readonly Lookup[]
  lastSeen: number
}

/**
 * Cancels jobs whose callers wanted that once they are gone: when nobody has been attached to any of a job's refs, awaiting
 * or watching, for the patience. After a start everybody gets as long to come back.
 */
export class Attendant {
  readonly #attended = new Map<string, Attended>()
  #cancel = () => {}
  #stopped = false

  constructor(
    private readonly rooms: Rooms,
    /** In ms. */
    private readonly patienceMs: number,
  ) {}

  async start(): Promise<void> {
    for (const told of await this.rooms.store.attended()) this.attend(told)
    this.#schedule()
  }

  /** A job was stored that is to be attended. */
  attend({ jobId, tenant, refs }: Whose): void {
    this.#attended.set(jobId, { lookups: refs.map((ref) => ({ tenant, ref })), lastSeen: this.rooms.clock.now() })
  }

  /** A job got further refs; it may be one that is attended. */
  alias({ jobId, tenant, refs }: Whose): void {
    const known = this.#attended.get(jobId)
    if (!known) return
    const lookups = [...known.lookups, ...refs.map((ref) => ({ tenant, ref }))]
    this.#attended.set(jobId, { lookups, lastSeen: this.rooms.clock.now() })
  }

  /** What has ended needs nobody. */
  deliver(announcements: readonly Announcement[]): void {
    if (this.#attended.size === 0) return
    for (const { jobId, outcome } of announcements) if (outcome.final) this.#attended.delete(jobId)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #schedule(): void {
    if (!this.#stopped) this.#cancel = after(Math.min(beat, this.patienceMs), () => void this.#beat())
  }

  async #beat(): Promise<void> {
    const { courier, watchers, canceller, clock, telemetry } = this.rooms
    const now = clock.now()
    const left: { jobId: string; lookup: Lookup }[] = []
    for (const [jobId, attended] of this.#attended) {
      if (attended.lookups.some((lookup) => courier.has(lookup) || watchers.has(lookup))) attended.lastSeen = now
      else if (now - attended.lastSeen >= this.patienceMs) left.push({ jobId, lookup: attended.lookups[0] as Lookup })
    }
    try {
      if (left.length > 0) await canceller.cancel(left.map(({ lookup }) => ({ ...lookup, reason: abandoned })))
      for (const { jobId } of left) this.#attended.delete(jobId)
    } catch (error) {
      telemetry.tell({ type: 'store.failed', during: 'cancel', error })
    }
    this.#schedule()
  }
}

/** The reason of such a cancellation. */
const abandoned = { codec: codecTag, value: seal('Everyone who waited for it has left.') }
