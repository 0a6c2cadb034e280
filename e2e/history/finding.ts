import type { Event } from './event.js'
import type { History } from './history.js'

/** Something in a history that must not be. */
export interface Finding {
  /** Which guarantee it breaks. */
  readonly rule: string
  /** The ref or the job. */
  readonly about: string
  readonly says: string
  /** What shows it. */
  readonly events: readonly Event[]
}

/** What a rule takes for granted of a history. */
export interface Terms {
  /** Whether jobs may not have ended yet. By default none may: the test has waited for them. */
  readonly pending: boolean
  /** How soon an await gives an outcome that is stored, in ms, while nothing is broken. */
  readonly promptMs: number
  /** How long after a fault is over awaits may still be late, in ms: until all have reconnected and caught up. */
  readonly calmMs: number
}

/** What breaks one guarantee: whatever of it, and where. */
export type Rule = (history: History, terms: Terms) => Iterable<Omit<Finding, 'rule'>>
