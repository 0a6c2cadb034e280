import type { QueueState } from '@anchorleg/shared'
import type { RawPeer } from './rawPeer.js'

/** Who runs a hub: pauses, resumes and limits its queues, and reopens jobs that have ended. */
export class Operator {
  constructor(private readonly peer: RawPeer) {}

  pause(queue: string): Promise<QueueState[]> {
    return this.#set({ queue, paused: true })
  }

  resume(queue: string): Promise<QueueState[]> {
    return this.#set({ queue, paused: false })
  }

  /** Null is no limit. */
  limit(queue: string, limit: number | null): Promise<QueueState[]> {
    return this.#set({ queue, limit })
  }

  queues(): Promise<QueueState[]> {
    return this.peer.ask('queues', {})
  }

  /** What became of each. */
  retry(...relays: readonly { ref: string }[]): Promise<string[]> {
    return this.peer.ask('retry', { refs: relays.map(({ ref }) => ref) })
  }

  #set(change: { queue: string; paused?: boolean; limit?: number | null }): Promise<QueueState[]> {
    return this.peer.ask('setQueues', { changes: [change] })
  }
}
