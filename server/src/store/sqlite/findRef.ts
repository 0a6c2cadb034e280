import type { Lookup } from '../store.js'
import type { Means } from './operations.js'

/** Where a ref leads: to a job, its own or the one it is an alias of, or to the tombstone of one. */
export type Found = { readonly jobId: number; readonly fingerprint: string; readonly alias: boolean } | 'tombstone' | undefined

/** Prepares finding out where a ref leads. */
export function findRef({ db, clock }: Means): (lookup: Lookup) => Found {
  const find = db
    .prepare<[string, string, number], [number | null, string | null, number]>(
      `WITH sought (tenant, ref, now) AS (SELECT ?, ?, ?)
       SELECT id, fingerprint, 0 FROM sought CROSS JOIN jobs USING (tenant, ref)
       UNION ALL SELECT job_id, fingerprint, 1 FROM sought CROSS JOIN aliases USING (tenant, ref)
       UNION ALL SELECT NULL, NULL, 0 FROM sought CROSS JOIN tombstones USING (tenant, ref) WHERE expires_at > now`,
    )
    .raw()
  return ({ tenant, ref }) => {
    const found = find.get(tenant, ref, clock.now())
    if (!found) return undefined
    const [jobId, fingerprint, alias] = found
    return jobId === null || fingerprint === null ? 'tombstone' : { jobId, fingerprint, alias: alias === 1 }
  }
}

/** Prepares finding out whether a ref leads to a job that is not its own, or to a tombstone. */
export function leadsElsewhere({ db, clock, refs }: Means): (lookup: Lookup) => boolean {
  const alias = db.prepare<[string, string], 1>('SELECT 1 FROM aliases WHERE tenant = ? AND ref = ?').pluck()
  const tombstone = db.prepare<[string, string, number], 1>('SELECT 1 FROM tombstones WHERE tenant = ? AND ref = ? AND expires_at > ?').pluck()
  return ({ tenant, ref }) =>
    (refs.haveAliases && alias.get(tenant, ref) === 1) || (refs.haveTombstones && tombstone.get(tenant, ref, clock.now()) === 1)
}
