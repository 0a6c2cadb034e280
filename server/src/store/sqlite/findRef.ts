import type { Lookup } from '../store.js'
import type { Means } from './operations.js'

/** Where a ref leads: to a job, its own or the one it is an alias of, or to the tombstone of one. */
export type Found = { readonly jobId: number; readonly fingerprint: string } | 'tombstone' | undefined

/** Prepares finding out where a ref leads. */
export function findRef({ db, clock }: Means): (lookup: Lookup) => Found {
  const find = db
    .prepare<[string, string, string, string, string, string, number], [number | null, string | null]>(
      `SELECT id, fingerprint FROM jobs WHERE tenant = ? AND ref = ?
       UNION ALL SELECT job_id, fingerprint FROM aliases WHERE tenant = ? AND ref = ?
       UNION ALL SELECT NULL, NULL FROM tombstones WHERE tenant = ? AND ref = ? AND expires_at > ?`,
    )
    .raw()
  return ({ tenant, ref }) => {
    const found = find.get(tenant, ref, tenant, ref, tenant, ref, clock.now())
    if (!found) return undefined
    const [jobId, fingerprint] = found
    return jobId === null || fingerprint === null ? 'tombstone' : { jobId, fingerprint }
  }
}
