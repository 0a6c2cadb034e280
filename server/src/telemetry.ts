import type { JobState, Outcome } from '@anchorleg/shared'
import type { Lane, Waiter } from './store/store.js'

/** What happens in a hub, told once, after it is stored; logs and metrics subscribe. No event carries a ref, a token, args or a result. */
export type Telemetry =
  | { readonly type: 'job.inserted'; readonly jobId: string; readonly lane: Lane; readonly state: JobState }
  | { readonly type: 'job.refused'; readonly code: string }
  | {
      readonly type: 'job.claimed'
      readonly jobId: string
      readonly lane: Lane
      readonly worker: string
      readonly attempt: number
      readonly run: number
      /** No other hub has read of this job. */
      readonly unseen?: boolean | undefined
      readonly waitedMs: number
    }
  | ({ readonly type: 'job.available' } & Waiter)
  | {
      readonly type: 'job.outcome'
      readonly jobId: string
      readonly lane: Lane
      readonly state: JobState
      readonly attempt: number
      readonly outcome: Outcome['type']
      readonly code?: string | undefined
      /** From the claim to the outcome, in ms. */
      readonly ranMs: number
    }
  | { readonly type: 'settle.stale'; readonly jobId: string; readonly worker: string }
  | { readonly type: 'jobs.pruned'; readonly count: number }
  | {
      readonly type: 'peer.connected' | 'peer.disconnected'
      readonly role: 'client' | 'worker'
      readonly peer: string
      readonly reason?: string | undefined
    }
  | {
      readonly type: 'worker.registered'
      readonly peer: string
      readonly names: number
      readonly slots: number
      readonly held: number
      readonly lost: number
    }
  | { readonly type: 'worker.draining'; readonly peer: string }
  /** A worker has not acknowledged jobs in time; those of them that it still held are given back. */
  | { readonly type: 'worker.overdue'; readonly peer: string; readonly jobs: number }
  | { readonly type: 'peer.refused'; readonly code: string; readonly reason: string }
  /** A connection was ended at once: its peer broke the protocol, or used more than it may. */
  | { readonly type: 'peer.cut'; readonly peer: string; readonly reason: string }
  | { readonly type: 'message.refused'; readonly event: string; readonly peer: string; readonly code: string; readonly reason: string }
  | { readonly type: 'message.failed'; readonly error: unknown }
  | { readonly type: 'store.committed'; readonly requests: number; readonly ms: number }
  /** The connection to the other hubs was lost; it is made anew. */
  | { readonly type: 'signals.lost'; readonly error: unknown }
  /** Somebody who is no hub of this version speaks on the hubs' channel. */
  | { readonly type: 'signal.unreadable'; readonly payload: string }
  | { readonly type: 'store.failed'; readonly during: string; readonly error: unknown }

export type Listener = (event: Telemetry) => void

interface Subscription {
  readonly listener: Listener
  readonly types: readonly Telemetry['type'][] | undefined
}

/** Where a hub's events are told, and heard. */
export class TelemetryBus {
  readonly #subscriptions = new Set<Subscription>()
  /** Who hears each type, as found when one was first told: several come with every job, and most listeners want none of them. */
  readonly #audiences = new Map<Telemetry['type'], readonly Subscription[]>()

  tell(event: Telemetry): void {
    for (const { listener } of this.#audiences.get(event.type) ?? this.#gather(event.type)) listener(event)
  }

  /** Hears events of these types, or every event, from now on; returns the function that stops it. A listener must not throw. */
  subscribe(listener: Listener, types?: readonly Telemetry['type'][]): () => void {
    const subscription = { listener, types }
    this.#subscriptions.add(subscription)
    this.#audiences.clear()
    return () => {
      this.#subscriptions.delete(subscription)
      this.#audiences.clear()
    }
  }

  #gather(type: Telemetry['type']): readonly Subscription[] {
    const audience = [...this.#subscriptions].filter(({ types }) => types?.includes(type) ?? true)
    this.#audiences.set(type, audience)
    return audience
  }
}
