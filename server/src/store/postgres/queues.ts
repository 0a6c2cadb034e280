import type { QueueState } from '@anchorleg/shared'
import type { Inside, Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

/** Waits for the claims of the queues that are under way, and holds up those that come, until the change is made. */
const holdQueues: Statement = {
  name: 'holdQueues',
  text: `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' queue ' || queue, 0)) FROM unnest($1::text[]) AS queue`,
}

/** While one changes a queue no claim of it is under way, and the other way round: also for a queue that has no row yet. */
const lockQueues: Statement = {
  name: 'lockQueues',
  text: `SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || ' queue ' || queue, 0)) FROM unnest($1::text[]) AS queue`,
}

const setQueue: Statement = {
  name: 'setQueue',
  text: `INSERT INTO queues AS old (name, paused, "limit") VALUES ($1, coalesce($2::boolean, false), $3::integer)
    ON CONFLICT (name) DO UPDATE SET paused = coalesce($2, old.paused), "limit" = CASE WHEN $4::boolean THEN $3 ELSE old."limit" END
    RETURNING name AS queue, paused, "limit"`,
}

const readQueues: Statement = { name: 'readQueues', text: 'SELECT name AS queue, paused, "limit" FROM queues ORDER BY name' }

const leaveQueues: Statement = { name: 'leaveQueues', text: 'DELETE FROM turns WHERE hub = $1 AND queue = ANY ($2::text[])' }

/** Asks that no queue of these changes until the end of the transaction. Answers with their names in order. */
export function shareQueues(tx: Transaction, lanes: readonly { readonly queue: string }[]): string[] {
  const queues = [...new Set(lanes.map(({ queue }) => queue))].sort()
  void tx.rows(lockQueues, queues)
  return queues
}

/** Prepares changing queues; what a change does not name stays. */
export function setQueues(): Inside<'setQueues'> {
  return (tx, changes) => {
    void tx.rows(holdQueues, [...new Set(changes.map(({ queue }) => queue))].sort())
    const states = changes.map(({ queue, paused, limit }) => tx.rows<QueueState>(setQueue, queue, paused, limit, limit !== undefined))
    return Promise.all(states).then((rows) => rows.flat())
  }
}

/** Prepares listing the queues that have a state of their own. */
export function queues(): Inside<'queues'> {
  return (tx) => tx.rows<QueueState>(readQueues)
}

/** Prepares giving up this hub's turns. */
export function leaveLine({ hub }: Means): Inside<'leaveLine'> {
  return async (tx, names) => void (await tx.rows(leaveQueues, hub, names))
}
