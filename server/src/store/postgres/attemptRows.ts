import type { JobState } from '@anchorleg/shared'
import type { JobFacts } from '../../lifecycle.js'
import type { Statement, Transaction } from './transaction.js'

/** What is read of a job before it changes. */
export interface AttemptRow extends Omit<JobFacts, 'cancel'> {
  readonly id: number
  readonly tenant: string
  readonly ref: string
  readonly queue: string
  readonly name: string
  readonly state: JobState
  readonly runs: number
  readonly codec: string
  readonly lease: string | null
  readonly settledLease: string | null
  readonly report: number | null
  /** The chunks of its report. */
  readonly chunks: number | null
  readonly cancelCodec: string | null
  readonly cancelReason: string | null
  readonly attemptedAt: number | null
}

/** The columns of an {@link AttemptRow}, of a table named `jobs`. Tokens are told as they are handed on. */
export const attemptColumns = `jobs.id, jobs.tenant, jobs.ref, jobs.queue, jobs.name, jobs.state, jobs.codec,
  replace(jobs.lease::text, '-', '') AS lease, replace(jobs.settled_lease::text, '-', '') AS "settledLease", jobs.attempt, jobs.runs,
  jobs.max_attempts AS "maxAttempts", jobs.outcomes, jobs.crashes, jobs.snoozed, jobs.report,
  (SELECT chunks FROM reports WHERE reports.id = jobs.report) AS chunks, jobs.cancel_codec AS "cancelCodec",
  jobs.cancel_reason AS "cancelReason", jobs.attempted_at AS "attemptedAt"`

const lockJobs: Statement = {
  name: 'lockJobs',
  text: `SELECT ${attemptColumns} FROM unnest($1::bigint[]) given JOIN jobs ON jobs.id = given ORDER BY jobs.id FOR UPDATE OF jobs`,
}

/** Locks jobs in the order of their ids, as everyone does, and reads them. */
export async function lock(transaction: Transaction, ids: readonly (number | null)[]): Promise<Map<number, AttemptRow>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null).sort((a, b) => a - b)
  const rows = wanted.length === 0 ? [] : await transaction.rows<AttemptRow>(lockJobs, wanted)
  return new Map(rows.map((row) => [row.id, row]))
}

/** What a transition of this job depends on. */
export function factsOf(row: AttemptRow): JobFacts {
  const { attempt, maxAttempts, outcomes, crashes, snoozed } = row
  return { attempt, maxAttempts, outcomes, crashes, snoozed, cancel: requestOf(row) }
}

/** The cancellation that was asked for while the job ran. */
export function requestOf({ cancelCodec, cancelReason }: Pick<AttemptRow, 'cancelCodec' | 'cancelReason'>): JobFacts['cancel'] {
  return cancelCodec === null || cancelReason === null ? null : { codec: cancelCodec, value: cancelReason }
}
