import type { Outcome } from '@anchorleg/shared'

/** The types of an outcome's columns, in their order. */
export const outcomeTypes = [
  ...['integer', 'integer', 'text', 'boolean', 'bigint', 'integer', 'double precision', 'text'],
  ...['text', 'text', 'text', 'bigint', 'text', 'text', 'text'],
]

/** An outcome as it is written: a value for each column. */
export function toRow(outcome: Outcome) {
  const { number, attempt, type, final, at, chunks } = outcome
  const error = type === 'error' ? outcome : undefined
  const sealed = type === 'snooze' ? undefined : outcome
  const seconds = type === 'snooze' ? outcome.seconds : undefined
  const retryAt = error?.retryAt === undefined ? undefined : Math.round(error.retryAt)
  const ofError = [error?.code, error?.message, error?.name, error?.state, retryAt] as const
  return [number, attempt, type, final, at, chunks, seconds, ...ofError, sealed?.codec, sealed?.value, error?.trace] as const
}
