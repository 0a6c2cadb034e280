import type { Lease } from '@anchorleg/shared'
import type { Service } from '../neighbours.js'

/** Whose awaiters and watchers a signal is about: all the refs of one job, or one of them. */
export interface Refs {
  readonly tenant: string
  readonly refs: readonly string[]
}

/** What one hub tells the others. It holds ids alone: whoever is interested reads the rows. */
export type Signal =
  /** Outcomes were stored, or results deleted. */
  | { readonly type: 'outcomes'; readonly jobs: readonly Refs[] }
  /** Running jobs have told progress or chunks. */
  | { readonly type: 'reports'; readonly jobs: readonly Refs[] }
  /** Jobs were claimed, or became available again: only their watchers care. */
  | { readonly type: 'moved'; readonly jobIds: readonly string[] }
  /** Jobs became available and were not claimed along; without a name, there is room in the queue for more to run. */
  | { readonly type: 'available'; readonly lanes: readonly { readonly queue: string; readonly name?: string }[] }
  /** Cancellation was asked for of jobs that run under these leases. */
  | { readonly type: 'cancels'; readonly leases: readonly Lease[] }
  /** Leases were taken from their workers; from silent ones, or from those that were to stop and did not. */
  | { readonly type: 'lost'; readonly leases: readonly Lease[]; readonly silent: boolean }
  /** Workers are connected that run jobs of these names in these queues. */
  | { readonly type: 'serving'; readonly services: readonly Service[] }
  /** A worker has left, or takes nothing more: who serves what is to be said anew. */
  | { readonly type: 'recount' }
  /** Queues were paused, resumed or limited. */
  | { readonly type: 'queues' }
  /** Signals may have been lost: everything is to be read again. */
  | { readonly type: 'gap' }

/**
 * Carries signals to the other hubs of the same store, never back to the one that publishes them.
 * What a signal tells of MUST already be stored. Signals are hints: one MAY be late, lost or repeated, and the store stays the
 * truth. After signals may have been lost, listeners hear `gap`.
 */
export interface Notifier {
  /** Tells the other hubs, or one alone, as soon as it can; never throws. */
  publish(signal: Signal, to?: string): void
  /** Hears what other hubs tell. A listener must not throw. */
  subscribe(listener: (signal: Signal) => void): void
  /** Says what is left to be said, and closes. Safe to call twice. */
  close(): Promise<void>
}
