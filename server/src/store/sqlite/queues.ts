import type { QueueState } from '@anchorleg/shared'
import type { Means, Operations } from './operations.js'

interface QueueRow {
  readonly queue: string
  readonly paused: number
  readonly limit: number | null
}

/** Prepares changing queues; what a change does not name stays. */
export function setQueues({ db }: Means): Operations['setQueues'] {
  const change = db.prepare<[string, number | null, number | null, number | null, number], QueueRow>(
    `INSERT INTO queues (name, paused, "limit") VALUES (?, coalesce(?, 0), ?)
     ON CONFLICT (name) DO UPDATE SET paused = coalesce(?, paused), "limit" = iif(?, excluded."limit", "limit")
     RETURNING name AS queue, paused, "limit"`,
  )
  return (changes) =>
    changes.map(({ queue, paused, limit }) => {
      const flag = paused === undefined ? null : Number(paused)
      return stateOf(change.get(queue, flag, limit ?? null, flag, Number(limit !== undefined)) as QueueRow)
    })
}

/** Prepares listing the queues that have a state of their own. */
export function queues({ db }: Means): Operations['queues'] {
  const read = db.prepare<[], QueueRow>('SELECT name AS queue, paused, "limit" FROM queues ORDER BY name')
  return () => read.all().map(stateOf)
}

/** Prepares finding out how many more jobs of a queue may run now. It counts no further than the queue's limit. */
export function roomIn({ db }: Means): (queue: string) => number {
  const read = db.prepare<[string], Omit<QueueRow, 'queue'>>('SELECT paused, "limit" FROM queues WHERE name = ?')
  const count = db
    .prepare<[string, number], number>(
      "SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_executing WHERE state = 'executing' AND queue = ? LIMIT ?)",
    )
    .pluck()
  return (queue) => {
    const row = read.get(queue)
    if (!row) return Number.POSITIVE_INFINITY
    if (row.paused === 1) return 0
    return row.limit === null ? Number.POSITIVE_INFINITY : row.limit - (count.get(queue, row.limit) as number)
  }
}

function stateOf({ queue, paused, limit }: QueueRow): QueueState {
  return { queue, paused: paused === 1, limit }
}
