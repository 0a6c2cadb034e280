import { enter } from '../../lifecycle.js'
import type { Inserted, Insertion } from '../store.js'
import { refOf } from './ids.js'
import type { Statement, Transaction } from './transaction.js'

/** A job on its way into the table. Without an id it is given the next one. */
export interface NewRow {
  readonly id: number | null
  readonly insertion: Insertion
  readonly fingerprint: string
  readonly now: number
}

const columns = {
  id: 'bigint',
  tenant: 'text',
  ref: 'uuid',
  queue: 'text',
  name: 'text',
  state: 'text',
  priority: 'smallint',
  due_at: 'bigint',
  max_attempts: 'integer',
  inserted_at: 'bigint',
  timeout: 'double precision',
  codec: 'text',
  attended_at: 'bigint',
  unique_key: 'text',
  fingerprint: 'text',
  tags: 'text',
  meta: 'text',
  trace: 'text',
  args: 'text',
} as const

const names = Object.keys(columns)

/** Leaves out whatever ref was seen before, by whichever hub, and answers with the others. */
const insertJobs: Statement = {
  name: 'insertJobs',
  text: `INSERT INTO jobs (${names.join(', ')})
    SELECT coalesce(id, nextval('jobs_id_seq')), ${names.slice(1).join(', ')}
    FROM unnest(${Object.values(columns)
      .map((type, i) => `$${i + 1}::${type}[]`)
      .join(', ')}) AS given (${names.join(', ')})
    WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tombstones.tenant = given.tenant AND tombstones.ref = given.ref
        AND tombstones.expires_at > given.inserted_at)
    ON CONFLICT (tenant, ref) DO NOTHING RETURNING id, tenant, ref`,
}

/** Stores jobs, and answers for each what became of it; undefined for one whose ref was seen before. */
export function insertRows(transaction: Transaction, rows: readonly NewRow[]): Promise<(Inserted | undefined)[]> {
  if (rows.length === 0) return Promise.resolve([])
  const values = rows.map(valuesOf)
  const lists = names.map((_, i) => values.map((row) => row[i]))
  return transaction.rows<{ id: number; tenant: string; ref: string }>(insertJobs, ...lists).then((stored) => {
    const ids = new Map(stored.map(({ id, tenant, ref }) => [`${ref} ${tenant}`, id]))
    return rows.map(({ insertion: { tenant, job }, now }): Inserted | undefined => {
      const id = ids.get(`${job.ref} ${tenant}`)
      // Of one ref that comes twice, the first is the job.
      ids.delete(`${job.ref} ${tenant}`)
      if (id === undefined) return undefined
      const dueAt = dueAtOf(job, now)
      return { type: 'inserted', conflict: false, jobId: String(id), state: enter(dueAt, now), queue: job.queue, name: job.name, dueAt }
    })
  })
}

function dueAtOf({ scheduledAt, scheduleIn }: Insertion['job'], now: number): number {
  return Math.round(scheduledAt ?? now + (scheduleIn ?? 0) * 1000)
}

function valuesOf({ id, insertion: { tenant, job }, fingerprint, now }: NewRow) {
  const { queue, name, priority, maxAttempts, timeout, codec, trace, unique, args } = job
  const dueAt = dueAtOf(job, now)
  const texts = [unique?.key, fingerprint, JSON.stringify(job.tags), JSON.stringify(job.meta), trace, args] as const
  const attendedAt = job.cancelOnDisconnect ? now : null
  return [
    id,
    tenant,
    refOf(job.ref),
    queue,
    name,
    enter(dueAt, now),
    priority,
    dueAt,
    maxAttempts,
    now,
    timeout,
    codec,
    attendedAt,
    ...texts,
  ] as const
}
