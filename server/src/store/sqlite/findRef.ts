import type { Lookup } from '../store.js'
import type { Means } from './operations.js'

/** Where a ref leads: to a job, its own or the one it is an alias of, or to the tombstone of one. */
export type Found = { readonly jobId: number; readonly fingerprint: string; readonly alias: boolean } | 'tombstone' | undefined

/** Prepares finding out where a ref leads. */
export function findRef({ db, clock }: Means): (lookup: Lookup) => Found {
  const find = db
    .prepare<[string, string, string, string, string, string, number], [number | null, string | null, number]>(
      `SELECT id, fingerprint, 0 FROM jobs WHERE tenant = ? AND ref = ?
       UNION ALL SELECT job_id, fingerprint, 1 FROM aliases WHERE tenant = ? AND ref = ?
       UNION ALL SELECT NULL, NULL, 0 FROM tombstones WHERE tenant = ? AND ref = ? AND expires_at > ?`,
    )
    .raw()
  return ({ tenant, ref }) => {
    const found = find.get(tenant, ref, tenant, ref, tenant, ref, clock.now())
    if (!found) return undefined
    const [jobId, fingerprint, alias] = found
    return jobId === null || fingerprint === null ? 'tombstone' : { jobId, fingerprint, alias: alias === 1 }
  }
}
