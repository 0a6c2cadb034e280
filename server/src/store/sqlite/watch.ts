import { type Course, enteredAt } from '../enteredAt.js'
import { Page } from '../page.js'
import type { Watching } from '../store.js'
import { chunksOf } from './chunkRows.js'
import { findRef } from './findRef.js'
import type { Means, Operations } from './operations.js'
import { readLatestOutcome, readOutcomes } from './outcomeRows.js'
import { progressOf } from './progressRows.js'
import { reportOf } from './reports.js'

interface WatchedJob extends Course {
  readonly attempt: number
  readonly run: number
  readonly outcomes: number
  readonly report: number | null
}

/**
 * Prepares reading what watchers do not have yet, in the order in which it was stored: the outcomes before the current
 * report, its chunks, and the outcomes behind it.
 */
export function watch(means: Means): Operations['watch'] {
  const find = findRef(means)
  const reports = reportOf(means)
  const progress = progressOf(means)
  const chunks = chunksOf(means)
  const outcomes = readOutcomes(means)
  const latest = readLatestOutcome(means)
  const read = means.db.prepare<[number], WatchedJob>(
    `SELECT state, attempt, runs AS run, outcomes, report, due_at AS dueAt, inserted_at AS insertedAt, attempted_at AS attemptedAt, finished_at AS finishedAt
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
      const after = report?.afterOutcome ?? job.outcomes
      const earlier = page.take(outcomes(jobId, known, after))
      // Whoever has the outcome behind the chunks has them all.
      const emitted = report && (!from || known <= after) ? page.take(chunks.from(report, from?.run === job.run ? from.index : 0)) : []
      const later = page.take(outcomes(jobId, Math.max(known, after), job.outcomes))
      return {
        type: 'job',
        jobId: String(jobId),
        state: job.state,
        attempt: job.attempt,
        run: job.run,
        after,
        at: enteredAt(job, () => latest(jobId)?.at),
        progress: report && told && { attempt: report.attempt, ...told },
        chunks: emitted,
        outcomes: [...earlier, ...later],
        more: page.full,
      }
    })
}
