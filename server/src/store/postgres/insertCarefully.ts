import { fingerprint } from '../fingerprint.js'
import type { Inserted, Insertion } from '../store.js'
import type { ClaimedSome } from './claim.js'
import { findRefsOf, jobsOf } from './find.js'
import { type Holder, InsertPlan, type Known, type KnownJob, keyOf, type NewAlias } from './insertPlan.js'
import { insertRows } from './insertRows.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'
import { RaceLost } from './trouble.js'

/** Locks keys in order, whether anybody holds them or not: of two hubs that want one, the second waits and then sees the first's job. */
const lockKeys: Statement = {
  name: 'lockKeys',
  text: `INSERT INTO unique_keys (tenant, key) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT (tenant, key) DO UPDATE SET key = excluded.key RETURNING tenant, key, job_id AS "jobId", expires_at AS "expiresAt"`,
}

const mintIds: Statement = { name: 'mintIds', text: `SELECT nextval('jobs_id_seq') AS id FROM generate_series(1, $1::integer)` }

const lockAs = (strength: string): Statement => ({
  name: `lockJobs ${strength}`,
  text: `SELECT jobs.id, jobs.state, jobs.queue, jobs.name, jobs.due_at AS "dueAt" FROM unnest($1::bigint[]) given JOIN jobs ON jobs.id = given
    ORDER BY jobs.id FOR ${strength} OF jobs`,
})

/** Reads jobs that refs lead to, and keeps them from being deleted meanwhile. */
const keepJobs = lockAs('KEY SHARE')

/** Reads jobs that refs may become aliases of. Whoever ends one meanwhile waits, or is waited for: what is read is how it stands from then on. */
const holdJobs = lockAs('NO KEY UPDATE')

/** An alias has of a job its ref, whose it is, and what was sent with it. Its state is none of a job's, so that nothing else finds it. */
const addAliases: Statement = {
  name: 'addAliases',
  text: `WITH marked AS (UPDATE jobs SET aliased = true WHERE id = ANY ($3) AND NOT aliased)
    INSERT INTO jobs (tenant, ref, alias_of, fingerprint, inserted_at, state, due_at, priority, max_attempts, queue, name, codec, tags, meta, args)
    SELECT given.*, $5::bigint, 'alias', 0, 0, 0, '', '', '', '[]', '{}', ''
    FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[]) AS given (tenant, ref, job_id, fingerprint)
    ON CONFLICT (tenant, ref) DO NOTHING RETURNING id`,
}

const giveKeys: Statement = {
  name: 'giveKeys',
  text: `UPDATE unique_keys SET job_id = given.job_id, expires_at = given.expires_at
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS given (tenant, key, job_id, expires_at)
    WHERE unique_keys.tenant = given.tenant AND unique_keys.key = given.key`,
}

const dropKeys: Statement = {
  name: 'dropKeys',
  text: `DELETE FROM unique_keys USING unnest($1::text[], $2::text[]) AS given (tenant, key)
    WHERE unique_keys.tenant = given.tenant AND unique_keys.key = given.key AND unique_keys.job_id IS NULL`,
}

interface Key {
  readonly tenant: string
  readonly key: string
}

/** Prepares storing jobs after looking at what is there: unique ones, those of units, and refs that were seen before; and then the claims. */
export function insertCarefully(means: Means) {
  return async (
    tx: Transaction,
    insertions: readonly Insertion[],
    claims: (transaction: Transaction) => Promise<ClaimedSome>,
  ): Promise<{ inserted: Inserted[]; claimed: ClaimedSome }> => {
    const keys = keysOf(insertions)
    const known = await look(tx, insertions, keys, means)
    const minted = await tx.rows<{ id: number }>(mintIds, insertions.length)
    const prints = new Map(insertions.map((insertion) => [insertion, fingerprint(insertion.job)]))
    const plan = new InsertPlan(
      known,
      minted.map(({ id }) => id),
      prints,
      means.clock.now(),
    )
    const inserted = plan.decide(insertions)
    await write(tx, plan, { hub: means.hub, holders: known.holders, keys })
    return { inserted, claimed: await claims(tx) }
  }
}

/** The keys that insertions want, once each and in order. */
function keysOf(insertions: readonly Insertion[]): Key[] {
  const keys = insertions.flatMap(({ tenant, job: { unique } }) =>
    unique ? [[keyOf(tenant, unique.key), { tenant, key: unique.key }] as const] : [],
  )
  return [...new Map(keys.sort(([a], [b]) => (a < b ? -1 : 1))).values()]
}

async function look(tx: Transaction, insertions: readonly Insertion[], keys: readonly Key[], means: Means): Promise<Known> {
  const locked = keys.length === 0 ? [] : await tx.rows<Key & Holder>(lockKeys, ...columnsOf(keys))
  const holders = new Map(locked.flatMap(({ tenant, key, ...holder }) => (holder.jobId === null ? [] : [[keyOf(tenant, key), holder] as const])))
  const lookups = insertions.map(({ tenant, job }) => ({ tenant, ref: job.ref }))
  const found = await findRefsOf(tx, lookups, means)
  const refs = new Map(lookups.map(({ tenant, ref }, i) => [keyOf(tenant, ref), found[i]]))
  const holding = new Set([...holders.values()].map(({ jobId }) => jobId))
  const others = new Set(jobsOf(found).filter((id) => !holding.has(id)))
  const read = (statement: Statement, ids: Set<number>) => (ids.size === 0 ? [] : tx.rows<KnownJob & { id: number }>(statement, [...ids]))
  const jobs = (await Promise.all([read(holdJobs, holding), read(keepJobs, others)])).flat()
  return { refs, holders, jobs: new Map(jobs.map(({ id, ...job }) => [id, job])) }
}

async function write(
  tx: Transaction,
  { rows, aliases, now }: InsertPlan,
  { hub, holders, keys }: Pick<Known, 'holders'> & { readonly hub: string; readonly keys: readonly Key[] },
): Promise<void> {
  const { ids } = await insertRows(tx, rows, hub)
  const added = aliases.length === 0 ? [] : await tx.rows(addAliases, ...aliasColumns(aliases), now)
  // Another hub has stored one of these refs since they were looked up.
  if (ids.includes(undefined) || added.length < aliases.length) throw new RaceLost('a ref was stored by another hub')
  if (keys.length === 0) return
  const given = keys.flatMap((each) => {
    const holder = holders.get(keyOf(each.tenant, each.key))
    return holder ? [{ ...each, ...holder }] : []
  })
  const jobIds = given.map(({ jobId }) => jobId)
  await tx.rows(
    giveKeys,
    ...columnsOf(given),
    jobIds,
    given.map(({ expiresAt }) => expiresAt),
  )
  await tx.rows(dropKeys, ...columnsOf(keys))
}

function columnsOf(keys: readonly Key[]): [string[], string[]] {
  return [keys.map(({ tenant }) => tenant), keys.map(({ key }) => key)]
}

function aliasColumns(aliases: readonly NewAlias[]) {
  return [
    aliases.map(({ tenant }) => tenant),
    aliases.map(({ ref }) => ref),
    aliases.map(({ jobId }) => jobId),
    aliases.map((each) => each.fingerprint),
  ] as const
}
