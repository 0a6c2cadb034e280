import { isFinished, type Outcome } from '@anchorleg/shared'
import type { Transition } from '../../lifecycle.js'
import { announcementOf, countedOutcome, dueAtOf, type EndedBy } from '../attemptRow.js'
import { outcomeColumns } from '../outcomeRow.js'
import type { Announcement } from '../store.js'
import type { AttemptRow } from './attemptRows.js'
import { type Columns, listsOf, unnested } from './columns.js'
import { outcomesOf } from './outcomeRows.js'
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

const columns: Columns<Conclusion> = {
  id: ['bigint', ({ row }) => row.id],
  lease: ['uuid', ({ row }) => row.lease],
  new_state: ['text', ({ transition }) => transition.state],
  new_attempt: ['integer', ({ transition }) => transition.attempt],
  due_at: ['bigint', ({ transition }) => dueAtOf(transition)],
  crashes: ['integer', ({ transition }) => transition.crashes],
  snoozed: ['integer', ({ transition }) => transition.snoozed],
  finished_at: ['bigint', ({ transition, outcome }) => (isFinished(transition.state) ? outcome.at : null)],
  settled_lease: ['uuid', ({ by }) => by?.lease],
  ...outcomesOf(({ outcome }: Conclusion) => outcome),
}

const written = outcomeColumns.replace(/\w+/g, 'given.o_$&')

/**
 * `$1`: only jobs of which nobody asked to cancel them, and whose lease is the one that is given. The others stay as they are.
 * Where no job has an alias, none is looked for.
 */
const endJobs: Statement = {
  name: 'endJobs',
  text: `WITH ended AS (
      UPDATE jobs SET state = given.new_state, attempt = given.new_attempt, due_at = coalesce(given.due_at, jobs.due_at), outcomes = given.o_number,
        crashes = given.crashes, snoozed = given.snoozed, finished_at = given.finished_at, lease = NULL, lease_until = NULL,
        settled_lease = coalesce(given.settled_lease, jobs.settled_lease)
      FROM ${unnested(columns, 2)}
      WHERE jobs.id = given.id AND (NOT $1 OR (jobs.lease = given.lease AND jobs.cancel_by IS NULL))
      RETURNING jobs.id, ${written}
    ), written AS (INSERT INTO outcomes (job_id, ${outcomeColumns}) SELECT * FROM ended),
    also AS MATERIALIZED (SELECT EXISTS (SELECT FROM jobs WHERE alias_of IS NOT NULL) AS any_alias)
    SELECT array_agg(ended.id) AS ids, array_agg(alias.alias_of) FILTER (WHERE alias.ref IS NOT NULL) AS aliased,
      array_agg(alias.ref) FILTER (WHERE alias.ref IS NOT NULL) AS refs
    FROM ended LEFT JOIN jobs AS alias ON (SELECT any_alias FROM also) AND alias.alias_of = ended.id`,
}

interface EndedLists {
  readonly ids: readonly number[] | null
  readonly aliased: readonly number[] | null
  readonly refs: readonly string[] | null
}

/**
 * Stores conclusions, each of another job: those that are `known` only from memory just where they still hold. Answers with
 * whom to tell, undefined where one did not hold.
 */
export function conclude(transaction: Transaction, conclusions: readonly Conclusion[], known: boolean): Promise<(Announcement | undefined)[]> {
  if (conclusions.length === 0) return Promise.resolve([])
  const inOrder = [...conclusions].sort((a, b) => a.row.id - b.row.id)
  return transaction.rows<EndedLists>(endJobs, known, ...listsOf(columns, inOrder)).then(([lists]) => {
    const ended = new Set(lists?.ids)
    const refs = new Map<number, string[]>()
    lists?.aliased?.forEach((id, i) => {
      const own = refs.get(id)
      const ref = lists.refs?.[i] as string
      if (own) own.push(ref)
      else refs.set(id, [ref])
    })
    return conclusions.map(({ row, transition, outcome }) =>
      ended.has(row.id) ? announcementOf(row, transition, outcome, [row.ref, ...(refs.get(row.id) ?? [])]) : undefined,
    )
  })
}
