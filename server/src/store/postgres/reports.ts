import { chunkBounds, type Lease } from '@anchorleg/shared'
import type { Emitted, Told } from '../store.js'
import { aliasesOf } from './aliases.js'
import { type AttemptRow, lock } from './attemptRows.js'
import { rowIdOf } from './ids.js'
import { clearLoose } from './looseReports.js'
import type { Inside } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

/** Loose rows deleted for each chunk that is stored, so that they never pile up, however seldom jobs are pruned. */
const cleared = 2

/** What one run of a job has told of itself, but for the values. */
interface Report {
  readonly id: number
  chunks: number
  bytes: number
}

const openReports: Statement = {
  name: 'openReports',
  text: `WITH given AS MATERIALIZED (
      SELECT nextval('reports_id_seq') AS id, job_id, run, attempt, after_outcome
      FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[]) AS given (job_id, run, attempt, after_outcome)
    ), opened AS (INSERT INTO reports (id, run, attempt, after_outcome) SELECT id, run, attempt, after_outcome FROM given)
    UPDATE jobs SET report = given.id FROM given WHERE jobs.id = given.job_id RETURNING jobs.id AS "jobId", jobs.report AS id`,
}

const readReports: Statement = { name: 'readReports', text: 'SELECT id, chunks, bytes FROM reports WHERE id = ANY ($1::bigint[])' }

const writeProgress: Statement = {
  name: 'writeProgress',
  text: `INSERT INTO progress (report, codec, value) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])
    ON CONFLICT (report) DO UPDATE SET codec = excluded.codec, value = excluded.value`,
}

const addChunks: Statement = {
  name: 'addChunks',
  text: 'INSERT INTO chunks (report, index, codec, value) SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[])',
}

const countChunks: Statement = {
  name: 'countChunks',
  text: `UPDATE reports SET chunks = given.chunks, bytes = given.bytes
    FROM unnest($1::bigint[], $2::integer[], $3::bigint[]) AS given (id, chunks, bytes) WHERE reports.id = given.id`,
}

/** Prepares keeping the latest progress of running attempts. */
export function progress(): Inside<'progress'> {
  return async (tx, given) => {
    const { jobs, reports, told } = await open(tx, given)
    const latest = new Map<number, (typeof given)[number]>()
    const answers = given.map((each, i): Told | null => {
      const job = jobs[i]
      if (!job) return null
      latest.set((reports.get(job.id) as Report).id, each)
      return told(job)
    })
    const values = [...latest.values()]
    const columns = [[...latest.keys()], values.map(({ codec }) => codec), values.map(({ value }) => value)] as const
    if (values.length > 0) await tx.rows(writeProgress, ...columns)
    return answers
  }
}

/** Prepares storing chunks, each behind the one before it. */
export function emit(): Inside<'emit'> {
  return async (tx, given) => {
    const { jobs, reports, told } = await open(tx, given)
    const rows: { report: number; index: number; codec: string; value: string }[] = []
    const emitted = given.map(({ index, codec, value }, i): Emitted => {
      const job = jobs[i]
      const report = job && reports.get(job.id)
      if (!report) return { verdict: 'stale' }
      if (index < report.chunks) return { verdict: 'stored', told: null }
      if (index > report.chunks) return { verdict: 'gap' }
      const bytes = report.bytes + Buffer.byteLength(value)
      if (report.chunks >= chunkBounds.count || bytes > chunkBounds.bytes) return { verdict: 'full' }
      rows.push({ report: report.id, index, codec, value })
      report.chunks += 1
      report.bytes = bytes
      return { verdict: 'stored', told: told(job) }
    })
    if (rows.length > 0) {
      const grown = [...new Map([...reports.values()].map((report) => [report.id, report])).values()]
      const values = [rows.map(({ codec }) => codec), rows.map(({ value }) => value)] as const
      await tx.rows(
        addChunks,
        rows.map(({ report }) => report),
        rows.map(({ index }) => index),
        ...values,
      )
      await tx.rows(
        countChunks,
        grown.map(({ id }) => id),
        grown.map(({ chunks }) => chunks),
        grown.map(({ bytes }) => bytes),
      )
    }
    await clearLoose(tx, cleared * given.length)
    return emitted
  }
}

/** Finds the jobs that run under leases, in order, with their reports: new ones for those that have told nothing yet. */
async function open(tx: Transaction, leases: readonly Lease[]) {
  const rows = await lock(
    tx,
    leases.map(({ jobId }) => rowIdOf(jobId)),
  )
  const jobs = leases.map(({ jobId, lease }) => {
    const row = rows.get(rowIdOf(jobId) ?? 0)
    return row?.lease === lease ? row : undefined
  })
  const running = [...new Set(jobs)].filter((job) => job !== undefined)
  const silent = running.filter(({ report }) => report === null)
  const [ids, runs] = [silent.map(({ id }) => id), silent.map((job) => job.runs)]
  const columns = [ids, runs, silent.map(({ attempt }) => attempt), silent.map(({ outcomes }) => outcomes)] as const
  const opened = silent.length === 0 ? [] : await tx.rows<{ jobId: number; id: number }>(openReports, ...columns)
  const telling = running.flatMap(({ report }) => (report === null ? [] : [report]))
  const [known, aliases] = await Promise.all([
    tx.rows<Report>(readReports, telling),
    aliasesOf(
      tx,
      running.flatMap(({ id, aliased }) => (aliased ? [id] : [])),
    ),
  ])
  const byId = new Map(known.map((report) => [report.id, report]))
  const reports = new Map<number, Report>(opened.map(({ jobId, id }) => [jobId, { id, chunks: 0, bytes: 0 }]))
  for (const { id, report } of running) if (report !== null) reports.set(id, byId.get(report) as Report)
  const told = ({ id, tenant, ref, attempt, runs }: AttemptRow): Told => {
    const jobId = String(id)
    return { tenant, refs: [ref, ...(aliases.get(jobId) ?? [])], jobId, attempt, run: runs }
  }
  return { jobs, reports, told }
}
