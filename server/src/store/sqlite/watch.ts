import { type Cursor, isFinished, type JobState } from '@anchorleg/shared'
import { Page } from '../page.js'
import type { Watching } from '../store.js'
import { chunksOf } from './chunkRows.js'
import { findRef } from './findRef.js'
import type { Means, Operations } from './operations.js'
import { readLatestOutcome, readOutcomes } from './outcomeRows.js'
import { progressOf } from './progressRows.js'
import { type Report, reportOf } from './reports.js'

interface WatchedJob {
  readonly state: JobState
  readonly attempt: number
  readonly outcomes: number
  readonly report: number | null
  readonly dueAt: number
  readonly insertedAt: number
  readonly attemptedAt: number | null
  readonly finishedAt: number | null
}

/**
 * Prepares reading what watchers do not have yet, in the order in which it was stored: the outcomes before the current
 * report, its chunks, and the outcome that ended it.
 */
export function watch(means: Means): Operations['watch'] {
  const find = findRef(means)
  const reports = reportOf(means)
  const progress = progressOf(means)
  const chunks = chunksOf(means)
  const outcomes = readOutcomes(means)
  const at = enteredAt(means)
  const read = means.db.prepare<[number], WatchedJob>(
    `SELECT state, attempt, outcomes, report, due_at AS dueAt, inserted_at AS insertedAt, attempted_at AS attemptedAt, finished_at AS finishedAt
     FROM jobs WHERE id = ?`,
  )
  return (watches) =>
    watches.map(({ from, ...lookup }): Watching => {
      const found = find(lookup)
      if (found === undefined) return { type: 'not_found' }
      const job = found === 'tombstone' ? undefined : read.get(found.jobId)
      if (found === 'tombstone' || !job) return { type: 'expired' }
      const { jobId } = found
      const report = job.report === null ? null : reports.read(job.report)
      const told = report && progress.read(report.id)
      const page = new Page()
      const known = from ? from.number : Math.max(0, job.outcomes - 1)
      const before = page.take(outcomes(jobId, known, report?.afterOutcome ?? job.outcomes))
      const index = report && firstMissing(report, from, before)
      const emitted = report && index !== null ? page.take(chunks.from(report, index)) : []
      const after = report ? page.take(outcomes(jobId, Math.max(known, report.afterOutcome), job.outcomes)) : []
      return {
        type: 'job',
        jobId: String(jobId),
        state: job.state,
        attempt: job.attempt,
        at: at(jobId, job),
        progress: report && told && { attempt: report.attempt, ...told },
        chunks: emitted,
        outcomes: [...before, ...after],
        more: page.full,
      }
    })
}

/** The first chunk of a report that a watcher lacks; null when it has all, because it has the outcome behind them. */
function firstMissing(report: Report, from: Cursor | undefined, before: readonly { readonly attempt: number }[]): number | null {
  if (!from) return 0
  if (from.number > report.afterOutcome) return null
  // An attempt that was given back has the number of the next one: then an outcome of that number lies between them.
  const sameRun = from.attempt === report.attempt && !before.some(({ attempt }) => attempt === report.attempt)
  return sameRun ? from.index : 0
}

/** Prepares telling when a job entered its state, as near as its row tells. */
function enteredAt(means: Means): (jobId: number, job: WatchedJob) => number {
  const latest = readLatestOutcome(means)
  return (jobId, { state, dueAt, insertedAt, attemptedAt, finishedAt }) => {
    if (isFinished(state)) return finishedAt ?? insertedAt
    if (state === 'executing') return attemptedAt ?? insertedAt
    if (state === 'available') return Math.max(dueAt, insertedAt, attemptedAt ?? 0)
    return latest(jobId)?.at ?? insertedAt
  }
}
