import type { Lookup } from '../store.js'
import { clearLoose } from './looseReports.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

interface Outlived extends Lookup {
  readonly id: number
  readonly uniqueKey: string | null
  readonly report: number | null
  readonly reportBefore: number | null
  readonly aliases: number
}

/** Rows of reports deleted for each job that may be. */
const clearedPerJob = 25

const lockOutlived: Statement = {
  name: 'lockOutlived',
  text: `SELECT id, tenant, ref, unique_key AS "uniqueKey", report, report_before AS "reportBefore",
      (SELECT count(*)::integer FROM jobs AS aliases WHERE aliases.alias_of = jobs.id) AS aliases
    FROM jobs WHERE finished_at < $1::bigint ORDER BY finished_at LIMIT $2::integer FOR UPDATE SKIP LOCKED`,
}

/** Answers with the refs that were aliases. Another hub may have stored some of them since the jobs were looked up. */
const deleteAliases: Statement = { name: 'deleteAliases', text: 'DELETE FROM jobs WHERE alias_of = ANY ($1::bigint[]) RETURNING tenant, ref::text' }

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

const bury: Statement = {
  name: 'bury',
  text: `INSERT INTO tombstones (tenant, ref, expires_at) SELECT tenant, ref, $3::bigint FROM unnest($1::text[], $2::uuid[]) AS given (tenant, ref)
    ON CONFLICT (tenant, ref) DO UPDATE SET expires_at = excluded.expires_at`,
}

const leaveLine: Statement = { name: 'leaveLine', text: 'DELETE FROM turns WHERE until <= $1::bigint' }

const forget: Statement = {
  name: 'forget',
  text: `DELETE FROM tombstones WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tombstones WHERE expires_at <= $1::bigint ORDER BY expires_at LIMIT $2::integer FOR UPDATE SKIP LOCKED))`,
}

/**
 * Prepares deleting jobs that outlived their retention, leaving tombstones for their refs, and old tombstones. However many
 * aliases and chunks jobs have, one call deletes little more than it may: chunks become loose and go with later calls.
 */
export function prune({ clock, settings }: Means): Inside<'prune'> {
  return async (tx, limit) => {
    const now = clock.now()
    const jobs = upTo(limit, await tx.rows<Outlived>(lockOutlived, now - settings.retentionMs, limit))
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
        tx.rows<Lookup>(deleteAliases, ids),
        tx.rows(
          loosen,
          jobs.flatMap(({ report, reportBefore }) => [report, reportBefore]),
        ),
        ...deleteJobs.map((statement) => tx.rows(statement, ids)),
      ])
      for (const { tenant, ref } of [...jobs, ...aliases]) pruned.push({ tenant, ref })
      await tx.rows(
        bury,
        pruned.map(({ tenant }) => tenant),
        pruned.map(({ ref }) => ref),
        now + settings.tombstoneMs,
      )
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
