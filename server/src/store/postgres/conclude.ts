import { isFinished, type Outcome } from '@anchorleg/shared'
import type { Transition } from '../../lifecycle.js'
import { announcementOf, countedOutcome, dueAtOf, type EndedBy } from '../attemptRow.js'
import { outcomeColumns } from '../outcomeRow.js'
import type { Announcement } from '../store.js'
import type { AttemptRow } from './attemptRows.js'
import { outcomeTypes, toRow } from './outcomeRows.js'
import type { Statement, Transaction } from './transaction.js'

/** The end of an attempt, or of a job that waits: what is stored of it. `by` is the settlement that ends it, if one does. */
export interface Conclusion {
  readonly row: AttemptRow
  readonly transition: Transition
  readonly outcome: Outcome
  readonly by: EndedBy
}

/** What a transition makes of a job, and of its outcome. */
export function conclusion(row: AttemptRow, transition: Transition, by: EndedBy): Conclusion {
  return { row, transition, by, outcome: countedOutcome(row, transition, by, () => row.chunks) }
}

const given = ['bigint', 'uuid', 'text', 'integer', 'bigint', 'integer', 'integer', 'bigint', 'uuid', ...outcomeTypes]
const names = `id, lease, new_state, new_attempt, due_at, crashes, snoozed, finished_at, settled_lease, ${outcomeColumns.replace(/\w+/g, 'o_$&')}`
const asked = outcomeColumns.replace(/\w+/g, 'given.o_$&')

/** `$1`: only jobs of which nobody asked to cancel them, and whose lease is the one that is given. The others stay as they are. */
const endJobs: Statement = {
  name: 'endJobs',
  text: `WITH ended AS (
      UPDATE jobs SET state = given.new_state, attempt = given.new_attempt, due_at = coalesce(given.due_at, jobs.due_at), outcomes = given.o_number,
        crashes = given.crashes, snoozed = given.snoozed, finished_at = given.finished_at, lease = NULL, lease_until = NULL,
        settled_lease = coalesce(given.settled_lease, jobs.settled_lease)
      FROM unnest(${given.map((type, i) => `$${i + 2}::${type}[]`).join(', ')}) AS given (${names})
      WHERE jobs.id = given.id AND (NOT $1 OR (jobs.lease = given.lease AND jobs.cancel_by IS NULL))
      RETURNING jobs.id, ${asked}
    ), written AS (INSERT INTO outcomes (job_id, ${outcomeColumns}) SELECT * FROM ended)
    SELECT id, (SELECT array_agg(aliases.ref::text) FROM jobs AS aliases WHERE aliases.alias_of = ended.id) AS aliases FROM ended`,
}

/**
 * Stores conclusions, each of another job: those that are `known` only from memory just where they still hold. Answers with
 * whom to tell, undefined where one did not hold.
 */
export function conclude(transaction: Transaction, conclusions: readonly Conclusion[], known: boolean): Promise<(Announcement | undefined)[]> {
  if (conclusions.length === 0) return Promise.resolve([])
  const rows = [...conclusions].sort((a, b) => a.row.id - b.row.id).map(columnsOf)
  const columns = given.map((_, i) => rows.map((row) => row[i]))
  return transaction.rows<{ id: number; aliases: string[] | null }>(endJobs, known, ...columns).then((ended) => {
    const aliases = new Map(ended.map((each) => [each.id, each.aliases]))
    return conclusions.map(({ row, transition, outcome }) =>
      aliases.has(row.id) ? announcementOf(row, transition, outcome, [row.ref, ...(aliases.get(row.id) ?? [])]) : undefined,
    )
  })
}

function columnsOf({ row, transition, outcome, by }: Conclusion) {
  const { state, attempt, crashes, snoozed } = transition
  const finishedAt = isFinished(state) ? outcome.at : null
  return [row.id, row.lease, state, attempt, dueAtOf(transition), crashes, snoozed, finishedAt, by?.lease, ...toRow(outcome)] as const
}
