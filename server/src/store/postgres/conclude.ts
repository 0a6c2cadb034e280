import { isFinished, type Outcome } from '@anchorleg/shared'
import type { Transition } from '../../lifecycle.js'
import { announcementOf, countedOutcome, dueAtOf, type EndedBy } from '../attemptRow.js'
import { outcomeColumns } from '../outcomeRow.js'
import type { Announcement } from '../store.js'
import { aliasesOf } from './aliases.js'
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
const away = 'NOT elsewhere AND hub <> $2::uuid'

/**
 * `$1`: only jobs of which nobody asked to cancel them, and whose lease is the one that is given. The others stay as they are.
 * `$2` is this hub.
 */
const endJobs: Statement = {
  name: 'endJobs',
  text: `WITH ended AS (
      UPDATE jobs SET state = given.new_state, attempt = given.new_attempt, due_at = coalesce(given.due_at, jobs.due_at), outcomes = given.o_number,
        crashes = given.crashes, snoozed = given.snoozed, finished_at = given.finished_at, lease = NULL, lease_until = NULL,
        settled_lease = coalesce(given.settled_lease, jobs.settled_lease)
      FROM ${unnested(columns, 3)}
      WHERE jobs.id = given.id AND (NOT $1 OR (jobs.lease = given.lease AND jobs.cancel_by IS NULL))
      RETURNING jobs.id, jobs.hub, jobs.elsewhere, jobs.aliased, ${asked('given.')}
    ), written AS (INSERT INTO outcomes (job_id, ${outcomeColumns}) SELECT id, ${asked('')} FROM ended)
    SELECT array_agg(id) AS ids, ${told('elsewhere', 'id')} AS everywhere, ${told(away, 'id')} AS away,
      ${told(away, "replace(hub::text, '-', '')")} AS hubs, ${told('aliased', 'id')} AS aliased FROM ended`,
}

interface EndedLists {
  readonly ids: readonly number[] | null
  /** Those that other hubs have read of, and those that another hub alone has stored, with that hub. */
  readonly everywhere: readonly number[] | null
  readonly away: readonly number[] | null
  readonly hubs: readonly string[] | null
  readonly aliased: readonly number[] | null
}

interface Terms extends Pick<Means, 'hub'> {
  /** Only as they are remembered: they are ended just where that still holds. */
  readonly known: boolean
}

/** Whom to tell of conclusions by the jobs' own refs, undefined where one did not hold; and which jobs have aliases, to be told by {@link withAliases}. */
export interface Concluded {
  readonly announcements: readonly (Announcement | undefined)[]
  readonly aliased: readonly number[]
}

/** Stores conclusions, each of another job. Aliases are left to be read: what this statement sees may be older than the rows that it waits for. */
export function concludeFast(transaction: Transaction, conclusions: readonly Conclusion[], { known, hub }: Terms): Promise<Concluded> {
  if (conclusions.length === 0) return Promise.resolve({ announcements: [], aliased: [] })
  const inOrder = [...conclusions].sort((a, b) => a.row.id - b.row.id)
  return transaction.rows<EndedLists>(endJobs, known, hub, ...listsOf(columns, inOrder)).then(([lists]) => {
    const ended = new Set(lists?.ids)
    const hubs = new Map<number, Announcement['elsewhere']>(lists?.away?.map((id, i) => [id, { hub: lists.hubs?.[i] as string }]))
    for (const id of lists?.everywhere ?? []) hubs.set(id, 'everywhere')
    const announcements = conclusions.map(({ row, transition, outcome }) =>
      ended.has(row.id) ? announcementOf(row, transition, outcome, { refs: [row.ref], elsewhere: hubs.get(row.id) }) : undefined,
    )
    return { announcements, aliased: lists?.aliased ?? [] }
  })
}

/** Stores conclusions of jobs that are locked, each of another. Answers with whom to tell. */
export async function conclude(transaction: Transaction, conclusions: readonly Conclusion[], hub: string): Promise<Concluded['announcements']> {
  return withAliases(transaction, await concludeFast(transaction, conclusions, { known: false, hub }))
}

/** Whom to tell of conclusions, by aliases too. Those that are stored once the jobs have ended need not be told. */
export async function withAliases(transaction: Transaction, { announcements, aliased }: Concluded): Promise<Concluded['announcements']> {
  if (aliased.length === 0) return announcements
  const aliases = await aliasesOf(transaction, aliased)
  return announcements.map((each) => each && { ...each, refs: [...each.refs, ...(aliases.get(each.jobId) ?? [])] })
}
