import { type OutcomeRow, outcomeColumns, toOutcome } from '../outcomeRow.js'
import type { Lookup, Reading, StoredJob } from '../store.js'
import { finding, findingOf } from './find.js'
import { type Heeding, unheededBy } from './interest.js'
import { paused } from './jobRows.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

const readRefs: Statement = {
  name: 'readRefs',
  text: `SELECT asked.place, jobs.id AS "jobId", jobs.queue AS "jobQueue", jobs.name AS "jobName", ${paused}, jobs.state AS "jobState",
      jobs.attempt AS "jobAttempt", jobs.due_at AS "dueAt", ${unheededBy('$4')} AS unheeded, latest.*
    FROM ${finding} LEFT JOIN jobs ON jobs.id = found.job_id
    LEFT JOIN LATERAL (SELECT ${outcomeColumns} FROM outcomes WHERE outcomes.job_id = jobs.id ORDER BY outcomes.number DESC LIMIT 1) AS latest ON true`,
}

interface ReadRow extends Omit<OutcomeRow, 'number'>, Pick<StoredJob, 'dueAt' | 'paused'> {
  readonly place: number
  readonly jobId: number | null
  readonly jobQueue: string
  readonly jobName: string
  readonly jobState: StoredJob['state']
  readonly jobAttempt: number
  readonly number: number | null
  readonly unheeded: boolean
}

/** Prepares reading where refs stand, aliases included. */
export function read(means: Means): (tx: Transaction, lookups: readonly Lookup[]) => Promise<Heeding<Reading>> {
  return (tx, lookups) =>
    tx.rows<ReadRow>(readRefs, ...findingOf(lookups, means), means.hub).then((rows) => {
      const readings: Reading[] = lookups.map(() => ({ type: 'not_found' }))
      for (const row of rows) readings[row.place - 1] = toReading(row)
      return { answers: readings, unheeded: rows.flatMap((row) => (row.unheeded ? [lookups[row.place - 1] as Lookup] : [])) }
    })
}

function toReading(row: ReadRow): Reading {
  const { jobId, jobQueue: queue, jobName: name, jobState: state, jobAttempt: attempt, dueAt, number } = row
  if (jobId === null) return { type: 'expired' }
  const latest = number === null ? null : toOutcome({ ...row, number })
  return { type: 'known', job: { jobId: String(jobId), queue, name, paused: row.paused, state, attempt, dueAt }, latest }
}
