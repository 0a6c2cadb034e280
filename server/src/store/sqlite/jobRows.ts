import type { JobState } from '@anchorleg/shared'
import type { StoredJob } from '../store.js'
import type { Means } from './operations.js'

interface JobRow {
  readonly queue: string
  readonly name: string
  readonly paused: number
  readonly state: JobState
  readonly attempt: number
  readonly dueAt: number
}

/** Prepares reading where a job stands. */
export function readJob({ db }: Means): (jobId: number) => StoredJob {
  const read = db.prepare<[number], JobRow>(`SELECT queue, name, ${paused}, state, attempt, due_at AS dueAt FROM jobs WHERE id = ?`)
  return (jobId) => {
    const row = read.get(jobId)
    if (!row) throw new Error(`A ref leads to job ${jobId}, which is not there.`)
    return { ...row, jobId: String(jobId), paused: row.paused === 1 }
  }
}

/** The column that says whether a job's queue is paused. */
export const paused = 'coalesce((SELECT paused FROM queues WHERE queues.name = jobs.queue), 0) AS paused'

/** Prepares reading all the refs of a job: its own, and its aliases. */
export function refsOf({ db, refs }: Means): (job: { readonly id: number; readonly ref: string }) => string[] {
  const aliases = db.prepare<[number], string>('SELECT ref FROM aliases WHERE job_id = ?').pluck()
  return ({ id, ref }) => (refs.haveAliases ? [ref, ...aliases.all(id)] : [ref])
}

/** A job's meta as it is handed on, with the count of its snoozes. */
export function metaOf({ meta, snoozed }: { readonly meta: string; readonly snoozed: number }) {
  const own = meta === '{}' ? {} : JSON.parse(meta)
  return snoozed > 0 ? { ...own, snoozed } : own
}

/** The row of a job's public id; NaN, which no row has, when a peer made it up. */
export function rowIdOf(jobId: string): number {
  return /^[1-9]\d{0,14}$/.test(jobId) ? Number(jobId) : Number.NaN
}
