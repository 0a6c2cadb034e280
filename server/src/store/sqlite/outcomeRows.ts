import type { Outcome } from '@anchorleg/shared'
import type { Means } from './operations.js'

const columns = 'number, attempt, type, final, at, chunks, seconds, code, message, name, state, retry_at, codec, value, trace'

/** Prepares storing a job's outcome. */
export function writeOutcome({ db }: Means): (jobId: number, outcome: Outcome) => void {
  const write = db.prepare(`INSERT INTO outcomes (job_id, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  return (jobId, outcome) => {
    const { number, attempt, type, final, at } = outcome
    const error = type === 'error' ? outcome : undefined
    write.run(
      jobId,
      number,
      attempt,
      type,
      Number(final),
      at,
      outcome.chunks,
      type === 'snooze' ? outcome.seconds : null,
      error?.code,
      error?.message,
      error?.name,
      error?.state,
      error?.retryAt,
      type === 'snooze' ? null : outcome.codec,
      type === 'snooze' ? null : outcome.value,
      error?.trace,
    )
  }
}

/** Prepares reading a job's latest outcome: the one with the highest number. */
export function readLatestOutcome({ db }: Means): (jobId: number) => Outcome | null {
  const read = db.prepare<[number], OutcomeRow>(`SELECT ${columns} FROM outcomes WHERE job_id = ? ORDER BY number DESC LIMIT 1`)
  return (jobId) => {
    const row = read.get(jobId)
    return row ? toOutcome(row) : null
  }
}

/** Prepares reading a job's outcomes behind one number, up to another, in order. */
export function readOutcomes({ db }: Means): (jobId: number, after: number, to: number) => Iterable<Outcome> {
  const read = db.prepare<[number, number, number], OutcomeRow>(
    `SELECT ${columns} FROM outcomes WHERE job_id = ? AND number > ? AND number <= ? ORDER BY number`,
  )
  return function* (jobId, after, to) {
    for (const row of read.iterate(jobId, after, to)) yield toOutcome(row)
  }
}

/** Prepares reading the outcomes of a job's failed attempts, the latest first. */
export function readFailures({ db }: Means): (jobId: number) => Iterable<Outcome> {
  const read = db.prepare<[number], OutcomeRow>(`SELECT ${columns} FROM outcomes WHERE job_id = ? AND type = 'error' ORDER BY number DESC`)
  return function* (jobId) {
    for (const row of read.iterate(jobId)) yield toOutcome(row)
  }
}

type ErrorOutcome = Extract<Outcome, { type: 'error' }>

interface OutcomeRow {
  readonly number: number
  readonly attempt: number
  readonly type: Outcome['type']
  readonly final: number
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

function toOutcome(row: OutcomeRow): Outcome {
  const { type, codec } = row
  const counted = row.chunks === null ? {} : { chunks: row.chunks }
  const header = { number: row.number, attempt: row.attempt, final: row.final === 1, at: row.at, ...counted }
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
