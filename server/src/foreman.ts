import type { QueueChange, QueueState } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import type { Lookup, Retried, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly telemetry: TelemetryBus
}

/** Does what operators say: pauses, resumes and limits queues, and reopens jobs that have ended. */
export class Foreman {
  constructor(private readonly rooms: Rooms) {}

  /** Learns which queues are limited: in those, a job that ends makes room at other workers too. */
  async start(): Promise<void> {
    await this.queues()
  }

  async queues(): Promise<QueueState[]> {
    return this.#heed(await this.rooms.store.queues())
  }

  /** Once it has answered, no claim against the change commits; jobs that run go on. */
  async setQueues(changes: readonly QueueChange[]): Promise<QueueState[]> {
    const states = this.#heed(await this.rooms.store.setQueues(changes))
    this.rooms.dispatcher.fill()
    return states
  }

  async retry(lookups: readonly Lookup[]): Promise<Retried['type'][]> {
    const retried = await this.rooms.store.retry(lookups)
    for (const each of retried) if (each.type === 'retried') this.rooms.telemetry.tell({ type: 'job.available', ...each.waiter })
    if (retried.some(({ type }) => type === 'retried')) this.rooms.dispatcher.fill()
    return retried.map(({ type }) => type)
  }

  #heed(states: QueueState[]): QueueState[] {
    for (const { queue, limit } of states) this.rooms.dispatcher.limit(queue, limit !== null)
    return states
  }
}
