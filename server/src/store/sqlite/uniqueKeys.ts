import type { JobState, Unique } from '@anchorleg/shared'
import type { Means } from './operations.js'

interface Holder {
  readonly jobId: number
  readonly state: JobState
}

/** Prepares the constraint behind unique jobs: one row for each key of a tenant, held by one job until it expires. */
export function uniqueKeys({ db, clock }: Means): {
  /** The job that keeps others of this key away, if there is one. */
  holderOf(tenant: string, unique: Unique): number | undefined
  /** Gives the key to a job, for the period. */
  take(tenant: string, unique: Unique, jobId: number): void
} {
  const find = db.prepare<[string, string, number], Holder>(
    `SELECT job_id AS jobId, state FROM unique_keys JOIN jobs ON jobs.id = job_id
     WHERE unique_keys.tenant = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)`,
  )
  const take = db.prepare(
    `INSERT INTO unique_keys (tenant, key, job_id, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (tenant, key) DO UPDATE SET job_id = excluded.job_id, expires_at = excluded.expires_at`,
  )
  return {
    holderOf(tenant, { key, states }) {
      const holder = find.get(tenant, key, clock.now())
      return holder && states.includes(holder.state) ? holder.jobId : undefined
    },
    take(tenant, { key, period }, jobId) {
      take.run(tenant, key, jobId, period === undefined ? null : Math.round(clock.now() + period * 1000))
    },
  }
}
