import type { Outcome } from '@anchorleg/shared'

/** The columns of a stored outcome, without its job's id. */
export const outcomeColumns = 'number, attempt, type, final, at, chunks, seconds, code, message, name, state, retry_at, codec, value, trace'

type ErrorOutcome = Extract<Outcome, { type: 'error' }>

/** An outcome as it is read. */
export interface OutcomeRow {
  readonly number: number
  readonly attempt: number
  readonly type: Outcome['type']
  /** SQLite has no flags. */
  readonly final: boolean | 0 | 1
  readonly at: number
  readonly chunks: number | null
  readonly seconds: number
  readonly code: ErrorOutcome['code']
  readonly message: string
  readonly name: string | null
  readonly state: ErrorOutcome['state']
  readonly retry_at: number | null
  readonly codec: string
  readonly value: string | null
  readonly trace: string | null
}

/** An outcome as it was given. */
export function toOutcome(row: OutcomeRow): Outcome {
  const { type, codec } = row
  const counted = row.chunks === null ? {} : { chunks: row.chunks }
  const header = { number: row.number, attempt: row.attempt, final: Boolean(row.final), at: row.at, ...counted }
  switch (type) {
    case 'ok':
    case 'cancel':
    case 'discard':
      return { ...header, type, codec, value: row.value ?? '' }
    case 'snooze':
      return { ...header, type, seconds: row.seconds }
    case 'error':
      return {
        ...header,
        type,
        code: row.code,
        message: row.message,
        ...(row.name !== null && { name: row.name }),
        codec,
        ...(row.value !== null && { value: row.value }),
        ...(row.trace !== null && { trace: row.trace }),
        state: row.state,
        ...(row.retry_at !== null && { retryAt: row.retry_at }),
      }
    default:
      return type satisfies never
  }
}
