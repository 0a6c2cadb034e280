import type { QueueChange, QueueState } from '@anchorleg/shared'
import type { Dispatcher } from './dispatcher.js'
import type { Notifier } from './notifier/notifier.js'
import type { Lookup, Retried, Store } from './store/store.js'
import type { TelemetryBus } from './telemetry.js'

interface Rooms {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly notifier: Notifier
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
    this.rooms.notifier.publish({ type: 'queues' })
    this.rooms.dispatcher.fill()
    return states
  }

  /** Queues were changed elsewhere. */
  async heed(): Promise<void> {
    await this.queues()
    this.rooms.dispatcher.fill()
  }

  async retry(lookups: readonly Lookup[]): Promise<Retried['type'][]> {
    const retried = await this.rooms.store.retry(lookups)
    const waiting = retried.flatMap((each) => (each.type === 'retried' ? [each.waiter] : []))
    for (const waiter of waiting) this.rooms.telemetry.tell({ type: 'job.available', ...waiter })
    if (waiting.length > 0) {
      this.rooms.notifier.publish({ type: 'available', lanes: waiting })
      this.rooms.dispatcher.fill()
    }
    return retried.map(({ type }) => type)
  }

  #heed(states: QueueState[]): QueueState[] {
    for (const { queue, limit } of states) this.rooms.dispatcher.limit(queue, limit !== null)
    return states
  }
}
