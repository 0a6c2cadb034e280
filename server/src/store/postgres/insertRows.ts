import { claim, enter } from '../../lifecycle.js'
import type { Insertion, Lane } from '../store.js'
import { type Columns, listsOf, unnested } from './columns.js'
import { refOf } from './ids.js'
import type { Statement, Transaction } from './transaction.js'

/** A job on its way into the table. Without an id it is given the next one. */
export interface NewRow {
  readonly id: number | null
  readonly insertion: Insertion
  readonly fingerprint: string
  readonly now: number
  readonly dueAt: number
  /** A due job's run, should its lane be open. */
  readonly run?: FirstRun | undefined
}

/** How a job runs as soon as it is stored. */
export interface FirstRun {
  /** The place of its lane in the list that is given with the rows. */
  readonly lane: number
  readonly lease: string
  readonly worker: string
}

/** What became of rows. */
export interface StoredRows {
  /** The ids of the stored; undefined where the ref was seen before. */
  readonly ids: readonly (number | undefined)[]
  /** For each lane whether it was open: then all of its rows run. */
  readonly open: readonly boolean[]
}

const stored: Columns<NewRow> = {
  id: ['bigint', ({ id }) => id],
  tenant: ['text', ({ insertion }) => insertion.tenant],
  ref: ['uuid', ({ insertion: { job } }) => refOf(job.ref)],
  queue: ['text', ({ insertion: { job } }) => job.queue],
  name: ['text', ({ insertion: { job } }) => job.name],
  state: ['text', ({ dueAt, now }) => enter(dueAt, now)],
  priority: ['smallint', ({ insertion: { job } }) => job.priority],
  due_at: ['bigint', ({ dueAt }) => dueAt],
  max_attempts: ['integer', ({ insertion: { job } }) => job.maxAttempts],
  inserted_at: ['bigint', ({ now }) => now],
  timeout: ['double precision', ({ insertion: { job } }) => job.timeout],
  codec: ['text', ({ insertion: { job } }) => job.codec],
  attended_at: ['bigint', ({ insertion: { job }, now }) => (job.cancelOnDisconnect ? now : null)],
  unique_key: ['text', ({ insertion: { job } }) => job.unique?.key],
  fingerprint: ['text', (row) => row.fingerprint],
  tags: ['text', ({ insertion: { job } }) => (job.tags.length === 0 ? '[]' : JSON.stringify(job.tags))],
  meta: ['text', ({ insertion: { job } }) => JSON.stringify(job.meta)],
  trace: ['text', ({ insertion: { job } }) => job.trace],
  args: ['text', ({ insertion: { job } }) => job.args],
}

const columns: Columns<NewRow> = {
  ...stored,
  lane: ['integer', ({ run }) => run?.lane],
  lease: ['uuid', ({ run }) => run?.lease],
  worker: ['text', ({ run }) => run?.worker],
}

const names = Object.keys(stored)
const first = claim({ attempt: 0 })

/**
 * Leaves out whatever ref was seen before, by whichever hub, and answers with the others. `$1` to `$5` are lanes, as queues and names,
 * when a lease that begins now ends, whether the jobs are of several tenants, and this hub. A lane is open where nothing waits and no claim is held up:
 * its jobs are stored as running. Of two hubs that store jobs in one lane at once, neither's wait for the other's.
 */
const insertJobs: Statement = {
  name: 'insertJobs',
  text: `WITH lanes AS MATERIALIZED (
      SELECT array_agg(NOT EXISTS (SELECT FROM queues WHERE queues.name = lane.queue AND (paused OR "limit" IS NOT NULL))
        AND NOT EXISTS (SELECT FROM jobs WHERE state = 'available' AND jobs.queue = lane.queue AND jobs.name = lane.name) ORDER BY place) AS open
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS lane (queue, name, place)
    ), stored AS (
      INSERT INTO jobs (${names.join(', ')}, hub, attempt, runs, lease, lease_until, attempted_at, worker)
      SELECT coalesce(id, nextval('jobs_id_seq')), ${names
        .slice(1)
        .map((name) => (name === 'state' ? `CASE WHEN runs THEN '${first.state}' ELSE state END` : name))
        .join(', ')},
        $5::uuid, CASE WHEN runs THEN ${first.attempt} ELSE 0 END, runs::integer, CASE WHEN runs THEN lease END, CASE WHEN runs THEN $3::bigint END,
        CASE WHEN runs THEN inserted_at END, CASE WHEN runs THEN worker END
      FROM (SELECT *, coalesce((SELECT open FROM lanes)[lane], false) AS runs FROM ${unnested(columns, 6)}) AS given
      WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstones.tenant = given.tenant AND tombstones.ref = given.ref
          AND tombstones.expires_at > given.inserted_at)
      ON CONFLICT (tenant, ref) DO NOTHING RETURNING id, tenant, ref
    )
    SELECT array_agg(id) AS ids, array_agg(ref) AS refs, CASE WHEN $4::boolean THEN array_agg(tenant) END AS tenants, (SELECT open FROM lanes) FROM stored`,
}

interface StoredLists {
  readonly ids: readonly number[] | null
  readonly refs: readonly string[] | null
  readonly tenants: readonly string[] | null
  readonly open: readonly boolean[] | null
}

/** Lanes for whose jobs there are slots, and when a lease that begins now ends. */
export interface Slots {
  readonly lanes: readonly Lane[]
  readonly until: number
}

/** Stores jobs; those with a run whose lane is open run. */
export function insertRows(transaction: Transaction, rows: readonly NewRow[], hub: string, slots?: Slots): Promise<StoredRows> {
  if (rows.length === 0) return Promise.resolve({ ids: [], open: [] })
  const tenants = new Set(rows.map(({ insertion }) => insertion.tenant))
  const queues = slots?.lanes.map(({ queue }) => queue) ?? []
  const jobs = slots?.lanes.map(({ name }) => name) ?? []
  const terms = [queues, jobs, slots?.until, tenants.size > 1, hub] as const
  return transaction.rows<StoredLists>(insertJobs, ...terms, ...listsOf(columns, rows)).then(([stored]) => {
    const ids = new Map(stored?.refs?.map((ref, i) => [keyOf(ref, stored.tenants?.[i]), stored.ids?.[i]]))
    return {
      open: stored?.open ?? [],
      ids: rows.map(({ insertion: { tenant, job } }) => {
        const key = keyOf(job.ref, stored?.tenants ? tenant : undefined)
        const id = ids.get(key)
        // Of one ref that comes twice, the first is the job.
        ids.delete(key)
        return id
      }),
    }
  })
}

/** How one of the stored is found again. */
function keyOf(ref: string, tenant: string | undefined): string {
  return tenant === undefined ? ref : `${ref} ${tenant}`
}
