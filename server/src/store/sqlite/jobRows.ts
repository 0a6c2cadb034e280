import type { JobState } from '@anchorleg/shared'
import type { StoredJob } from '../store.js'
import type { Means } from './operations.js'

interface JobRow {
  readonly queue: string
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  readonly due_at: number
}

/** Prepares reading where a job stands. */
export function readJob({ db }: Means): (jobId: number) => StoredJob {
  const read = db.prepare<[number], JobRow>('SELECT queue, name, state, attempt, due_at FROM jobs WHERE id = ?')
  return (jobId) => {
    const row = read.get(jobId)
    if (!row) throw new Error(`A ref leads to job ${jobId}, which is not there.`)
    return { jobId: String(jobId), queue: row.queue, name: row.name, state: row.state, attempt: row.attempt, dueAt: row.due_at }
  }
}

/** The row of a job's public id; NaN, which no row has, when a peer made it up. */
export function rowIdOf(jobId: string): number {
  return /^[1-9]\d{0,14}$/.test(jobId) ? Number(jobId) : Number.NaN
}
