import { after, type Clock } from '@anchorleg/shared'
import type { Notifier } from './notifier/notifier.js'
import type { Roster } from './roster.js'
import type { Lane } from './store/store.js'

/** How often a hub says what its workers run, and how long that counts elsewhere, in ms. */
const every = 2_000
const counts = 3 * every

/** What the workers at a hub run, of one queue; for one tenant or, without one, for all. */
export interface Service {
  readonly tenant?: string | undefined
  readonly queue: string
  readonly names: readonly string[]
}

/** Knows what workers at other hubs run, and lets those know what runs here: so that each can say what a job waits for. */
export class Neighbours {
  readonly #heardAt = new Map<string, number>()
  #cancel = () => {}

  constructor(
    private readonly notifier: Notifier,
    private readonly clock: Clock,
  ) {}

  start(roster: Roster): void {
    this.tell(roster)
    const now = this.clock.now()
    for (const [lane, at] of this.#heardAt) if (now - at > counts) this.#heardAt.delete(lane)
    this.#cancel = after(every, () => this.start(roster))
  }

  /** Says what workers here run. */
  tell(roster: Roster): void {
    const services = roster.services()
    if (services.length > 0) this.notifier.publish({ type: 'serving', services })
  }

  /** A worker at another hub serves no more. */
  recount(roster: Roster): void {
    this.#heardAt.clear()
    this.tell(roster)
  }

  stop(): void {
    this.#cancel()
  }

  hear(services: readonly Service[]): void {
    const now = this.clock.now()
    for (const { tenant, queue, names } of services) for (const name of names) this.#heardAt.set(keyOf({ queue, name }, tenant), now)
  }

  /** Whether a worker at another hub runs a tenant's jobs of a lane. */
  serve(lane: Lane, tenant: string): boolean {
    const at = Math.max(this.#heardAt.get(keyOf(lane)) ?? 0, this.#heardAt.get(keyOf(lane, tenant)) ?? 0)
    return this.clock.now() - at <= counts
  }
}

function keyOf({ queue, name }: Lane, tenant?: string): string {
  return JSON.stringify([queue, name, tenant])
}
