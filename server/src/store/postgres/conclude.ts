import { isFinished, type Outcome } from '@anchorleg/shared'
import type { Transition } from '../../lifecycle.js'
import { announcementOf, countedOutcome, dueAtOf, type EndedBy } from '../attemptRow.js'
import { outcomeColumns } from '../outcomeRow.js'
import type { Announcement } from '../store.js'
import type { AttemptRow } from './attemptRows.js'
import { type Columns, listsOf, unnested } from './columns.js'
import type { Means } from './operations.js'
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

const asked = (of: string) => outcomeColumns.replace(/\w+/g, `${of}o_$&`)

const told = (condition: string, what: string) => `array_agg(${what}) FILTER (WHERE ${condition})`
const away = 'NOT ended.elsewhere AND ended.hub <> $2::uuid'

/**
 * `$1`: only jobs of which nobody asked to cancel them, and whose lease is the one that is given. The others stay as they are.
 * `$2` is this hub. Where no job has an alias, none is looked for.
 */
const endJobs: Statement = {
  name: 'endJobs',
  text: `WITH ended AS (
      UPDATE jobs SET state = given.new_state, attempt = given.new_attempt, due_at = coalesce(given.due_at, jobs.due_at), outcomes = given.o_number,
        crashes = given.crashes, snoozed = given.snoozed, finished_at = given.finished_at, lease = NULL, lease_until = NULL,
        settled_lease = coalesce(given.settled_lease, jobs.settled_lease)
      FROM ${unnested(columns, 3)}
      WHERE jobs.id = given.id AND (NOT $1 OR (jobs.lease = given.lease AND jobs.cancel_by IS NULL))
      RETURNING jobs.id, jobs.hub, jobs.elsewhere, ${asked('given.')}
    ), written AS (INSERT INTO outcomes (job_id, ${outcomeColumns}) SELECT id, ${asked('')} FROM ended),
    also AS MATERIALIZED (SELECT EXISTS (SELECT FROM jobs WHERE alias_of IS NOT NULL) AS any_alias)
    SELECT array_agg(ended.id) AS ids, ${told('ended.elsewhere', 'ended.id')} AS everywhere,
      ${told(away, 'ended.id')} AS away, ${told(away, "replace(ended.hub::text, '-', '')")} AS hubs,
      ${told('alias.ref IS NOT NULL', 'ended.id')} AS aliased, ${told('alias.ref IS NOT NULL', 'alias.ref')} AS refs
    FROM ended LEFT JOIN jobs AS alias ON (SELECT any_alias FROM also) AND alias.alias_of = ended.id`,
}

interface EndedLists {
  readonly ids: readonly number[] | null
  /** Those that other hubs have read of, and those that another hub alone has stored, with that hub. */
  readonly everywhere: readonly number[] | null
  readonly away: readonly number[] | null
  readonly hubs: readonly string[] | null
  /** Those that have aliases, with each. */
  readonly aliased: readonly number[] | null
  readonly refs: readonly string[] | null
}

interface Terms extends Pick<Means, 'hub'> {
  /** Only as they are remembered: they are ended just where that still holds. */
  readonly known: boolean
}

/** Stores conclusions, each of another job. Answers with whom to tell, undefined where one did not hold. */
export function conclude(transaction: Transaction, conclusions: readonly Conclusion[], { known, hub }: Terms): Promise<(Announcement | undefined)[]> {
  if (conclusions.length === 0) return Promise.resolve([])
  const inOrder = [...conclusions].sort((a, b) => a.row.id - b.row.id)
  return transaction.rows<EndedLists>(endJobs, known, hub, ...listsOf(columns, inOrder)).then(([lists]) => {
    const ended = new Set(lists?.ids)
    const told = toldOf(lists)
    return conclusions.map(({ row, transition, outcome }) => (ended.has(row.id) ? announcementOf(row, transition, outcome, told(row)) : undefined))
  })
}

/** Finds out under which refs each job is awaited, and at which other hubs. */
function toldOf(lists: EndedLists | undefined): (row: AttemptRow) => Pick<Announcement, 'refs' | 'elsewhere'> {
  const hubs = new Map<number, Announcement['elsewhere']>(lists?.away?.map((id, i) => [id, { hub: lists.hubs?.[i] as string }]))
  for (const id of lists?.everywhere ?? []) hubs.set(id, 'everywhere')
  const refs = new Map<number, string[]>()
  lists?.aliased?.forEach((id, i) => {
    const own = refs.get(id)
    const ref = lists.refs?.[i] as string
    if (own) own.push(ref)
    else refs.set(id, [ref])
  })
  return ({ id, ref }) => ({ refs: [ref, ...(refs.get(id) ?? [])], elsewhere: hubs.get(id) })
}
