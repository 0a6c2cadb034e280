import type { Lookup } from '../store.js'
import { clearLoose } from './looseReports.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

interface Outlived {
  readonly id: number
  readonly aliases: number
}

interface Buried extends Lookup {
  readonly id: number
  readonly uniqueKey: string | null
  readonly report: number | null
  readonly reportBefore: number | null
}

/** Rows of reports deleted for each job that may be. */
const clearedPerJob = 25

const lockOutlived: Statement = {
  name: 'lockOutlived',
  text: `SELECT id, CASE WHEN aliased THEN (SELECT count(*)::integer FROM jobs AS aliases WHERE aliases.alias_of = jobs.id) ELSE 0 END AS aliases
    FROM jobs WHERE finished_at < $1::bigint ORDER BY finished_at LIMIT $2::integer FOR UPDATE SKIP LOCKED`,
}

const tombstonesOf = (refs: string) => `INSERT INTO tombstones (tenant, ref, expires_at) SELECT tenant, ref, $2::bigint FROM ${refs}
    ON CONFLICT (tenant, ref) DO UPDATE SET expires_at = excluded.expires_at`

const bury: Statement = {
  name: 'bury',
  text: tombstonesOf(`(SELECT tenant, ref FROM jobs WHERE id = ANY ($1::bigint[])
      UNION ALL SELECT tenant, ref FROM jobs WHERE alias_of = ANY ($1::bigint[])) AS led`),
}

/** Those that are still to be deleted: one may have been reopened since it was buried, or deleted by another hub. The time is compared as no index has it. */
const lockBuried: Statement = {
  name: 'lockBuried',
  text: `SELECT id, tenant, ref, unique_key AS "uniqueKey", report, report_before AS "reportBefore"
    FROM unnest($1::bigint[]) given JOIN jobs ON jobs.id = given WHERE finished_at + 0 < $2::bigint ORDER BY id FOR UPDATE OF jobs SKIP LOCKED`,
}

/** Answers with the refs that were aliases. Another hub may have stored some of them since the jobs were buried. */
const deleteAliases: Statement = {
  name: 'deleteAliases',
  text: `WITH deleted AS (DELETE FROM jobs WHERE alias_of = ANY ($1::bigint[]) RETURNING tenant, ref), buried AS (${tombstonesOf('deleted')})
    SELECT tenant, ref::text FROM deleted`,
}

/** One statement for each table that knows of jobs: `$1` has their ids. */
const deleteJobs = ['outcomes WHERE job_id', 'jobs WHERE id'].map(
  (part): Statement => ({ name: `delete ${part}`, text: `DELETE FROM ${part} = ANY ($1::bigint[])` }),
)

const freeKeys: Statement = {
  name: 'freeKeys',
  text: `DELETE FROM unique_keys USING unnest($1::text[], $2::text[], $3::bigint[]) AS given (tenant, key, job_id)
    WHERE unique_keys.tenant = given.tenant AND unique_keys.key = given.key AND unique_keys.job_id = given.job_id`,
}

const loosen: Statement = { name: 'loosen', text: 'UPDATE reports SET loose = true WHERE id = ANY ($1::bigint[])' }

const leaveLine: Statement = { name: 'leaveLine', text: 'DELETE FROM turns WHERE until <= $1::bigint' }

const forget: Statement = {
  name: 'forget',
  text: `DELETE FROM tombstones WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tombstones WHERE expires_at <= $1::bigint ORDER BY expires_at LIMIT $2::integer FOR UPDATE SKIP LOCKED))`,
}

/** Prepares leaving tombstones for the refs of jobs that outlived their retention, to be deleted once that is stored: by {@link prune}. */
export function buryOutlived({ clock, settings }: Means) {
  return async (tx: Transaction, limit: number): Promise<number[]> => {
    const now = clock.now()
    const ids = upTo(limit, await tx.rows<Outlived>(lockOutlived, now - settings.retentionMs, limit)).map(({ id }) => id)
    if (ids.length > 0) await tx.rows(bury, ids, now + settings.tombstoneMs)
    return ids
  }
}

/**
 * Prepares deleting jobs that were buried, and old tombstones. However many aliases and chunks jobs have, one call deletes little more
 * than it may: chunks become loose and go with later calls.
 */
export function prune({ clock, settings }: Means) {
  return async (tx: Transaction, buried: readonly number[], limit: number): Promise<Lookup[]> => {
    const now = clock.now()
    const jobs = buried.length === 0 ? [] : await tx.rows<Buried>(lockBuried, buried, now - settings.retentionMs)
    const pruned: Lookup[] = []
    if (jobs.length > 0) {
      const ids = jobs.map(({ id }) => id)
      const keyed = jobs.filter(({ uniqueKey }) => uniqueKey !== null)
      const [, aliases] = await Promise.all([
        tx.rows(
          freeKeys,
          keyed.map(({ tenant }) => tenant),
          keyed.map(({ uniqueKey }) => uniqueKey),
          keyed.map(({ id }) => id),
        ),
        tx.rows<Lookup>(deleteAliases, ids, now + settings.tombstoneMs),
        tx.rows(
          loosen,
          jobs.flatMap(({ report, reportBefore }) => [report, reportBefore]),
        ),
        ...deleteJobs.map((statement) => tx.rows(statement, ids)),
      ])
      for (const { tenant, ref } of [...jobs, ...aliases]) pruned.push({ tenant, ref })
    }
    await tx.rows(forget, now, limit)
    await tx.rows(leaveLine, now)
    await clearLoose(tx, clearedPerJob * limit)
    return pruned
  }
}

/** As many jobs as have so many refs, and the one that crosses the limit. */
function upTo(limit: number, jobs: readonly Outlived[]): Outlived[] {
  let refs = 0
  return jobs.filter(({ aliases }) => {
    if (refs >= limit) return false
    refs += 1 + aliases
    return true
  })
}
