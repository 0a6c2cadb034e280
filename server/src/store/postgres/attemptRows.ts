import { claim } from '../../lifecycle.js'
import type { AttemptRow as Common } from '../attemptRow.js'
import type { Statement, Transaction } from './transaction.js'

/** What is read of a job before it changes, with the count of what its run has told. */
export interface AttemptRow extends Common {
  /** The chunks of its report. */
  readonly chunks: number | null
}

type Begun = Omit<AttemptRow, 'queue' | 'state' | 'settledLease' | 'report' | 'chunks' | 'cancelCodec' | 'cancelReason'>

/** A job of this queue whose run has just begun, as it would be read. */
export function begun(job: Begun, queue: string): AttemptRow {
  const { id, tenant, ref, name, codec, lease, attempt, runs, maxAttempts, outcomes, crashes, snoozed, attemptedAt } = job
  return {
    id,
    tenant,
    ref,
    queue,
    name,
    state: running,
    codec,
    lease,
    settledLease: null,
    attempt,
    runs,
    maxAttempts,
    outcomes,
    crashes,
    snoozed,
    report: null,
    chunks: null,
    cancelCodec: null,
    cancelReason: null,
    attemptedAt,
  }
}

const { state: running } = claim({ attempt: 0 })

/** A job that is locked, which no alias is added to meanwhile. */
interface LockedRow extends AttemptRow {
  readonly aliased: boolean
}

/** The columns of an {@link AttemptRow}, of a table named `jobs`. Tokens are told as they are handed on. */
export const attemptColumns = `jobs.id, jobs.tenant, jobs.ref, jobs.queue, jobs.name, jobs.state, jobs.codec,
  replace(jobs.lease::text, '-', '') AS lease, replace(jobs.settled_lease::text, '-', '') AS "settledLease", jobs.attempt, jobs.runs,
  jobs.max_attempts AS "maxAttempts", jobs.outcomes, jobs.crashes, jobs.snoozed, jobs.report,
  (SELECT chunks FROM reports WHERE reports.id = jobs.report) AS chunks, jobs.cancel_codec AS "cancelCodec",
  jobs.cancel_reason AS "cancelReason", jobs.attempted_at AS "attemptedAt"`

const lockJobs: Statement = {
  name: 'lockJobs',
  text: `SELECT ${attemptColumns}, jobs.aliased FROM unnest($1::bigint[]) given JOIN jobs ON jobs.id = given ORDER BY jobs.id FOR UPDATE OF jobs`,
}

/** Locks jobs in the order of their ids, as everyone does, and reads them. */
export async function lock(transaction: Transaction, ids: readonly (number | null)[]): Promise<Map<number, LockedRow>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null).sort((a, b) => a - b)
  const rows = wanted.length === 0 ? [] : await transaction.rows<LockedRow>(lockJobs, wanted)
  return new Map(rows.map((row) => [row.id, row]))
}
