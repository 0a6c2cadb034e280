import type { Outcome } from '@anchorleg/shared'
import { type OutcomeRow, outcomeColumns, toOutcome } from '../outcomeRow.js'
import type { Means } from './operations.js'

/** Prepares storing a job's outcome. */
export function writeOutcome({ db }: Means): (jobId: number, outcome: Outcome) => void {
  const header = 'job_id, number, attempt, type, final, at, chunks'
  const writeValue = db.prepare(`INSERT INTO outcomes (${header}, codec, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const writeSnooze = db.prepare(`INSERT INTO outcomes (${header}, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const writeError = db.prepare(
    `INSERT INTO outcomes (${header}, codec, value, code, message, name, state, retry_at, trace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (jobId, outcome) => {
    const { number, attempt, type, final, at, chunks } = outcome
    if (type === 'snooze') {
      writeSnooze.run(jobId, number, attempt, type, Number(final), at, chunks, outcome.seconds)
      return
    }
    const { codec, value } = outcome
    if (type !== 'error') {
      writeValue.run(jobId, number, attempt, type, Number(final), at, chunks, codec, value)
      return
    }
    const { code, message, name, state, retryAt, trace } = outcome
    writeError.run(jobId, number, attempt, type, Number(final), at, chunks, codec, value, code, message, name, state, retryAt, trace)
  }
}

/** Prepares reading a job's latest outcome: the one with the highest number. */
export function readLatestOutcome({ db }: Means): (jobId: number) => Outcome | null {
  const read = db.prepare<[number], OutcomeRow>(`SELECT ${outcomeColumns} FROM outcomes WHERE job_id = ? ORDER BY number DESC LIMIT 1`)
  return (jobId) => {
    const row = read.get(jobId)
    return row ? toOutcome(row) : null
  }
}

/** Prepares reading a job's outcomes behind one number, up to another, in order. */
export function readOutcomes({ db }: Means): (jobId: number, after: number, to: number) => Iterable<Outcome> {
  const read = db.prepare<[number, number, number], OutcomeRow>(
    `SELECT ${outcomeColumns} FROM outcomes WHERE job_id = ? AND number > ? AND number <= ? ORDER BY number`,
  )
  return function* (jobId, after, to) {
    for (const row of read.iterate(jobId, after, to)) yield toOutcome(row)
  }
}

/** Prepares reading the outcomes of a job's failed attempts, the latest first. */
export function readFailures({ db }: Means): (jobId: number) => Iterable<Outcome> {
  const read = db.prepare<[number], OutcomeRow>(`SELECT ${outcomeColumns} FROM outcomes WHERE job_id = ? AND type = 'error' ORDER BY number DESC`)
  return function* (jobId) {
    for (const row of read.iterate(jobId)) yield toOutcome(row)
  }
}
