import { after, type Clock } from '@anchorleg/shared'
import type { Notifier } from './notifier/notifier.js'
import type { Roster } from './roster.js'
import type { Lane } from './store/store.js'

/** How often a hub says what its workers run, and how long that counts elsewhere, in ms. */
const every = 2_000
const counts = 3 * every

/** What the workers at a hub run, of one queue. */
export interface Service {
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
    for (const { queue, names } of services) for (const name of names) this.#heardAt.set(keyOf({ queue, name }), now)
  }

  /** Whether a worker at another hub runs jobs of a lane. */
  serve(lane: Lane): boolean {
    const at = this.#heardAt.get(keyOf(lane))
    return at !== undefined && this.clock.now() - at <= counts
  }
}

function keyOf({ queue, name }: Lane): string {
  return `${queue}\n${name}`
}
