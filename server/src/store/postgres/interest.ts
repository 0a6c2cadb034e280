import { after } from '@anchorleg/shared'
import type { Lookup } from '../store.js'
import { finding, findingOf } from './find.js'
import type { Lane } from './lane.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

/** Whether this hub is not told yet of what becomes of a job. It is told of those that it has stored itself. */
export const unheededBy = (hub: string) => `(jobs.finished_at IS NULL AND NOT jobs.elsewhere AND jobs.hub IS DISTINCT FROM ${hub}::uuid)`

const unheeded = unheededBy('$4')

/**
 * It waits for nobody, so that those may wait for it who hold other jobs: what somebody is just changing is left. Once it is
 * stored, whoever ends the job tells every hub.
 */
const noteInterest: Statement = {
  name: 'noteInterest',
  text: `WITH wanted AS MATERIALIZED (SELECT DISTINCT jobs.id FROM ${finding} JOIN jobs ON jobs.id = found.job_id WHERE ${unheeded}),
    held AS MATERIALIZED (
      SELECT jobs.id FROM wanted JOIN jobs ON jobs.id = wanted.id WHERE ${unheeded} FOR NO KEY UPDATE OF jobs SKIP LOCKED
    ), noted AS (UPDATE jobs SET elsewhere = true FROM held WHERE jobs.id = held.id)
    SELECT ((SELECT count(*) FROM wanted) - (SELECT count(*) FROM held))::integer AS left`,
}

/** What was read, and the refs of which this hub would not be told when their jobs end. */
export interface Heeding<Answer> {
  readonly answers: Answer[]
  readonly unheeded: readonly Lookup[]
}

/** How often, and how long apart in ms, it is tried where somebody else is just changing a job. */
const tries = { most: 40, apart: 5 } as const

/** This hub's interest in jobs that others have stored. */
export class Interest {
  constructor(
    private readonly lane: Lane,
    private readonly means: Pick<Means, 'clock' | 'hub'>,
  ) {}

  /**
   * Notes that this hub wants to be told of jobs, by any of their refs: of those that have not ended, and that it has not stored
   * itself. What is read of them from then on either shows their end, or is followed by a signal of it; but for a job that
   * somebody holds on to all the while, of which a later reading tells.
   */
  async note(lookups: readonly Lookup[]): Promise<void> {
    const given = () => [...findingOf(lookups, this.means), this.means.hub] as const
    for (let i = 0; i < tries.most && lookups.length > 0; i++) {
      const run = (tx: Transaction) => tx.rows<{ left: number }>(noteInterest, ...given())
      const [row] = await this.lane.ask({ talks: false, run }, false)
      if (row?.left === 0) return
      await new Promise<void>((resolve) => after(tries.apart, resolve))
    }
  }
}
