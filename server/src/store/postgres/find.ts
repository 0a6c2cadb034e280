import type { Lookup } from '../store.js'
import { refOf } from './ids.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

/** Where a ref leads: to a job, its own or the one it is an alias of, or to the tombstone of one. */
export type Found = { readonly jobId: number; readonly fingerprint: string; readonly alias: boolean } | 'tombstone' | undefined

/**
 * For each of the refs in `$1` (tenants) and `$2`, where it leads; `$3` is the time. A row for each that leads anywhere, with
 * its place in the list, from 1.
 */
export const finding = `unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS asked (tenant, ref, place) CROSS JOIN LATERAL (
    SELECT coalesce(jobs.alias_of, jobs.id) AS job_id, jobs.fingerprint, jobs.alias_of IS NOT NULL AS alias FROM jobs
      WHERE jobs.tenant = asked.tenant AND jobs.ref = asked.ref
    UNION ALL SELECT NULL, NULL, false FROM tombstones
      WHERE tombstones.tenant = asked.tenant AND tombstones.ref = asked.ref AND tombstones.expires_at > $3::bigint
    LIMIT 1) AS found`

/** What {@link finding} is given. */
export function findingOf(lookups: readonly Lookup[], { clock }: Pick<Means, 'clock'>): [string[], (string | null)[], number] {
  return [lookups.map(({ tenant }) => tenant), lookups.map(({ ref }) => refOf(ref)), clock.now()]
}

const findRefs: Statement = {
  name: 'findRefs',
  text: `SELECT asked.place, found.job_id AS "jobId", found.fingerprint, found.alias FROM ${finding}`,
}

interface FoundRow {
  readonly place: number
  readonly jobId: number | null
  readonly fingerprint: string
  readonly alias: boolean
}

/** Finds out where refs lead, in order. */
export async function findRefsOf(transaction: Transaction, lookups: readonly Lookup[], means: Pick<Means, 'clock'>): Promise<Found[]> {
  const found: Found[] = new Array(lookups.length).fill(undefined)
  if (lookups.length === 0) return found
  for (const { place, jobId, fingerprint, alias } of await transaction.rows<FoundRow>(findRefs, ...findingOf(lookups, means))) {
    found[place - 1] = jobId === null ? 'tombstone' : { jobId, fingerprint, alias }
  }
  return found
}

/** The jobs that found refs lead to. */
export function jobsOf(found: readonly Found[]): number[] {
  return found.flatMap((each) => (typeof each === 'object' ? [each.jobId] : []))
}
