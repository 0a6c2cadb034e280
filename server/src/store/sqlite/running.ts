import type { Lease } from '@anchorleg/shared'
import type { Told } from '../store.js'
import { refsOf, rowIdOf } from './jobRows.js'
import type { Means } from './operations.js'
import type { Run } from './reports.js'

/** A job, and where its refs are found. */
export interface Addressed extends Pick<Run, 'id' | 'attempt'> {
  readonly runs: number
  readonly tenant: string
  readonly ref: string
}

/** A job that runs under a lease. */
interface Running extends Run, Addressed {}

/** Prepares finding the job that runs under a lease; none for a stale one. */
export function findRunning({ db }: Means): (lease: Lease) => Running | undefined {
  const find = db.prepare<[number, string], Running>('SELECT id, tenant, ref, attempt, runs, outcomes, report FROM jobs WHERE id = ? AND lease = ?')
  return ({ jobId, lease }) => find.get(rowIdOf(jobId), lease)
}

/** Prepares saying whom to tell of a job. */
export function tellOf(means: Means): (job: Addressed) => Told {
  const refs = refsOf(means)
  return (job) => ({ tenant: job.tenant, refs: refs(job), jobId: String(job.id), attempt: job.attempt, run: job.runs })
}
