import type { Chunk, Cursor } from '@anchorleg/shared'
import type { SealedValue } from '../../lifecycle.js'
import { type Course, enteredAt } from '../enteredAt.js'
import { type OutcomeRow, outcomeColumns, toOutcome } from '../outcomeRow.js'
import { Page } from '../page.js'
import type { Lookup, Store, Watching } from '../store.js'
import { findRefsOf } from './find.js'
import { type Heeding, unheededBy } from './interest.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

/** A little more than one answer holds: a page is full only when there is more. */
const most = { rows: 1_001, bytes: 1024 * 1024 } as const

const watchJobs: Statement = {
  name: 'watchJobs',
  text: `SELECT ${unheededBy('$2')} AS unheeded, jobs.state, jobs.attempt, jobs.runs AS run, jobs.outcomes, jobs.due_at AS "dueAt", jobs.inserted_at AS "insertedAt",
      jobs.attempted_at AS "attemptedAt", jobs.finished_at AS "finishedAt", reports.id AS report, reports.attempt AS "reportAttempt", reports.after_outcome AS "afterOutcome",
      progress.codec, progress.value, before.id AS "before", before.run AS "beforeRun", before.attempt AS "beforeAttempt",
      before.after_outcome AS "beforeAfter", before.chunks AS "beforeChunks", (SELECT at FROM outcomes WHERE job_id = jobs.id ORDER BY number DESC LIMIT 1) AS "latestAt"
    FROM jobs LEFT JOIN reports ON reports.id = jobs.report LEFT JOIN progress ON progress.report = jobs.report
      LEFT JOIN reports AS before ON before.id = jobs.report_before WHERE jobs.id = $1::bigint`,
}

/** Rows in order, up to one beyond the first that makes too much of them: whoever fills a page learns that there is more. */
const pageOf = (columns: string, table: string, condition: string, order: string) =>
  `SELECT ${columns} FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS before
      FROM (SELECT * FROM ${table} WHERE ${condition} ORDER BY ${order} LIMIT ${most.rows}) AS page) AS summed
    WHERE before IS NULL OR before <= ${most.bytes} ORDER BY ${order}`

const readOutcomes: Statement = {
  name: 'readOutcomes',
  text: pageOf(outcomeColumns, 'outcomes', 'job_id = $1::bigint AND number > $2::integer AND number <= $3::integer', 'number'),
}

const readChunks: Statement = {
  name: 'readChunks',
  text: pageOf('index, codec, value', 'chunks', 'report = $1::bigint AND index >= $2::integer', 'index'),
}

const readProgress: Statement = { name: 'readProgress', text: 'SELECT codec, value FROM progress WHERE report = $1::bigint' }

/** One moment for all that a watcher is told. */
const oneMoment: Statement = { name: 'oneMoment', text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY' }

interface WatchedRow extends Course {
  readonly unheeded: boolean
  readonly attempt: number
  readonly run: number
  readonly outcomes: number
  readonly latestAt: number | null
  readonly report: number | null
  readonly reportAttempt: number
  readonly afterOutcome: number
  readonly codec: string | null
  readonly value: string | null
  readonly before: number | null
  readonly beforeRun: number
  readonly beforeAttempt: number
  readonly beforeAfter: number
  readonly beforeChunks: number
}

/**
 * Prepares reading what watchers do not have yet, in the order in which it was stored: the outcomes before the current
 * report, its chunks, and the outcomes behind it.
 */
export function watch(means: Means) {
  return async (tx: Transaction, watches: Parameters<Store['watch']>[0]): Promise<Heeding<Watching>> => {
    const unheeded: Lookup[] = []
    await tx.rows(oneMoment)
    const found = await findRefsOf(tx, watches, means)
    const told = watches.map(async ({ tenant, ref, from, before }, i): Promise<Watching> => {
      const each = found[i]
      if (each === undefined) return { type: 'not_found' }
      const [job] = each === 'tombstone' ? [] : await tx.rows<WatchedRow>(watchJobs, each.jobId, means.hub)
      if (each === 'tombstone' || !job) return { type: 'expired' }
      if (job.unheeded) unheeded.push({ tenant, ref })
      const lacking = before && from ? lackingOfBefore(job, from) : 'nothing'
      const view = lacking === 'chunks' ? viewBefore(job) : job
      const progressBefore = lacking === 'end' ? await progressOfBefore(tx, job) : {}
      const page = await pageFor(tx, each.jobId, view, from)
      const { state, attempt, run } = view
      const at = enteredAt(job, () => job.latestAt)
      return { type: 'job', jobId: String(each.jobId), state, attempt, run, at, ...page, ...progressBefore, more: page.more || view !== job }
    })
    return { answers: await Promise.all(told), unheeded }
  }
}

/** What a cursor lacks of the run before the latest: chunks, or what came behind them. */
function lackingOfBefore({ before, beforeRun, beforeAfter, beforeChunks }: WatchedRow, { run, index, number }: Cursor): 'chunks' | 'end' | 'nothing' {
  if (before === null || run > beforeRun || number > beforeAfter) return 'nothing'
  return run < beforeRun || index < beforeChunks ? 'chunks' : 'end'
}

/** The job as the run before the latest left it, up to its outcome. */
function viewBefore(job: WatchedRow): WatchedRow {
  const { before: report, beforeRun: run, beforeAttempt: attempt, beforeAfter: outcomes } = job
  return { ...job, state: 'executing', attempt, run, outcomes, report, reportAttempt: attempt, afterOutcome: outcomes, codec: null, value: null }
}

async function progressOfBefore(tx: Transaction, { before, beforeRun: run, beforeAttempt: attempt }: WatchedRow) {
  const [progress] = await tx.rows<SealedValue>(readProgress, before)
  return progress && { progressBefore: { run, attempt, ...progress } }
}

async function pageFor(tx: Transaction, jobId: number, job: WatchedRow, from: Cursor | undefined) {
  const { report, reportAttempt } = job
  const page = new Page()
  const known = from ? from.number : Math.max(0, job.outcomes - 1)
  const after = report === null ? job.outcomes : job.afterOutcome
  const outcomes = async (behind: number, to: number) =>
    behind >= to ? [] : page.take((await tx.rows<OutcomeRow>(readOutcomes, jobId, behind, to)).map(toOutcome))
  const earlier = await outcomes(known, after)
  // Whoever has the outcome behind the chunks has them all.
  const wanted = report !== null && (!from || known <= after)
  const index = from?.run === job.run ? from.index : 0
  const chunks = wanted ? await tx.rows<Omit<Chunk, 'attempt'>>(readChunks, report, index) : []
  const emitted = page.take(chunks.map((chunk): Chunk => ({ attempt: reportAttempt, ...chunk })))
  const later = await outcomes(Math.max(known, after), job.outcomes)
  const { codec, value } = job
  const progress = codec === null || value === null ? null : { attempt: reportAttempt, codec, value }
  return { after, progress, chunks: emitted, outcomes: [...earlier, ...later], more: page.full }
}
