import { jobBounds } from '@anchorleg/shared'
import { demand, seconds as secondsUpTo } from './options.js'

/** Phantom: carries the value's type, never exists at run time. */
declare const outcome: unique symbol

/** What a handler may return instead of a plain value. Only what `ok`, `cancel`, `discard`, `error` and `snooze` give is one. */
export interface Outcome<T> {
  readonly [outcome]: () => T
}

/** What a handler gave, once it is told apart from a value. */
export type Given =
  | { readonly type: 'ok'; readonly value: unknown }
  | { readonly type: 'cancel' | 'discard' | 'error'; readonly reason: unknown }
  | { readonly type: 'snooze'; readonly seconds: number }

/** A symbol cannot come out of a decoded value, so no data can pass for an outcome; registered, so that two copies of this package agree. */
const brand = Symbol.for('anchorleg.outcome')

function branded(given: Given): Outcome<never> {
  return Object.freeze({ [brand]: Object.freeze(given) }) as unknown as Outcome<never>
}

/** What a handler's return value means: an outcome where it is branded, an `ok` value otherwise, whatever it looks like. */
export function givenBy(returned: unknown): Given {
  const isBranded = typeof returned === 'object' && returned !== null && Object.hasOwn(returned, brand)
  return isBranded ? (returned as { [brand]: Given })[brand] : { type: 'ok', value: returned }
}

/** The job completed, with this value. The same as returning the value plainly. */
export function ok(): Outcome<undefined>
export function ok<T>(value: T): Outcome<T>
export function ok(value?: unknown): Outcome<unknown> {
  return branded({ type: 'ok', value })
}

/** The job ends as cancelled and is not retried. */
export function cancel(reason?: unknown): Outcome<never> {
  return branded({ type: 'cancel', reason })
}

/** The job ends as discarded and is not retried. */
export function discard(reason?: unknown): Outcome<never> {
  return branded({ type: 'discard', reason })
}

/** The attempt failed, with this reason: the job is retried while it has attempts left. */
export function error(reason?: unknown): Outcome<never> {
  return branded({ type: 'error', reason })
}

/**
 * The job runs again after so many seconds, up to 30 days; the attempt is given back.
 * @throws {TypeError} for seconds out of these bounds
 */
export function snooze(seconds: number): Outcome<never> {
  demand('snooze', secondsUpTo(jobBounds.delay), seconds)
  return branded({ type: 'snooze', seconds })
}
