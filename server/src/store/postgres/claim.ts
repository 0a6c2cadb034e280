import type { Assignment } from '@anchorleg/shared'
import { claim as transition } from '../../lifecycle.js'
import { assignmentOf } from '../assignment.js'
import type { Claimed, ClaimRequest } from '../store.js'
import { type AttemptRow, begun } from './attemptRows.js'
import { metaOf } from './jobRows.js'
import type { Tokens } from './lostClaims.js'
import type { Means } from './operations.js'
import { shareQueues } from './queues.js'
import type { Statement, Transaction } from './transaction.js'

/** What was claimed, and what is left to ask for, because others held jobs that would have come first, or not all were looked at. */
export interface ClaimedSome {
  readonly claimed: Claimed[]
  readonly again: ClaimRequest[]
}

/** Claims with tokens of the call that they belong to. */
export type Claim = (transaction: Transaction, requests: readonly ClaimRequest[], tokens: Tokens) => Promise<ClaimedSome>

/** Requests for the same names in one queue, of the same tenant or of all, one after the other. */
interface Line {
  readonly tenant: string | undefined
  readonly queue: string
  readonly names: readonly string[]
  readonly requests: ClaimRequest[]
}

/** Lines whose last tenant is remembered: beyond them all are forgotten, and turns begin anew. */
const longestMemory = 1_000

/** Jobs looked at beyond those that are wanted, in case that other hubs are just claiming the first ones. */
const spare = 16

/** How long a hub that found no place in a limited queue keeps its turn without asking again, in ms. */
const turnMs = 3_000

/**
 * Tenants that are each looked at for all that is wanted: of more, each is looked at for so many times its share, so that a look
 * costs about the same however many they are. Where that leaves slots free, it is asked again.
 */
const fewTenants = 4

/** Hubs claim one after the other from a queue that has a limit across workers. */
const lockLimited: Statement = {
  name: 'lockLimited',
  text: 'SELECT 1 FROM queues WHERE name = ANY ($1::text[]) AND "limit" IS NOT NULL ORDER BY name FOR UPDATE',
}

const next = transition({ attempt: 0 })

/**
 * Claims for one line. Where a limit leaves less room than there are jobs for, the hub is in line from then on, and for each that
 * is so before it a place is left: or the hub at which places become free would take them all. It leaps along the index of
 * available jobs from tenant to tenant, takes from each lane no more than is wanted, and of those the first in turn; of one tenant
 * it leaps nowhere. What is available is due, whatever this hub's clock says. Jobs that another hub holds are passed over. The
 * state is compared as no index has it where jobs are found by their ids: or all that are available might be walked for them.
 */
const claimJobs: Statement = {
  name: 'claimJobs',
  text: `WITH RECURSIVE room AS MATERIALIZED (
      SELECT "limit" IS NOT NULL AND NOT paused AS limited, CASE WHEN paused THEN 0 WHEN "limit" IS NULL THEN $3::integer
        ELSE least($3, greatest(0, "limit" - (SELECT count(*) FROM jobs WHERE state = 'executing' AND queue = $1)
          - (SELECT count(*) FROM turns WHERE queue = $1 AND hub <> $10::text AND until > $8::bigint AND (drawn, hub) <
            (coalesce((SELECT drawn FROM turns WHERE queue = $1 AND hub = $10 AND until > $8), ${Number.MAX_SAFE_INTEGER}), $10))))::integer END AS size
      FROM (SELECT 1) AS one LEFT JOIN queues ON queues.name = $1
    ), lanes (name, tenant, turn, place) AS (
      SELECT wanted, CASE WHEN $12::text IS NOT NULL THEN $12
          WHEN turn = 0 THEN (SELECT tenant FROM jobs WHERE state = 'available' AND queue = $1 AND name = wanted AND tenant > $4 ORDER BY tenant LIMIT 1)
          ELSE (SELECT tenant FROM jobs WHERE state = 'available' AND queue = $1 AND name = wanted ORDER BY tenant LIMIT 1) END, turn, 1
      FROM unnest($2::text[]) AS wanted, (VALUES (0), (1)) AS turns (turn) WHERE turn = 0 OR $12 IS NULL
      UNION ALL
      SELECT name, (SELECT tenant FROM jobs WHERE state = 'available' AND queue = $1 AND jobs.name = lanes.name AND jobs.tenant > lanes.tenant
          ORDER BY tenant LIMIT 1), turn, place + 1
      FROM lanes WHERE $12 IS NULL AND tenant IS NOT NULL AND (turn = 0 OR tenant <= $4) AND place <= (SELECT size FROM room)
    ), tenants AS MATERIALIZED (
      SELECT tenant, row_number() OVER (ORDER BY min(turn), tenant) AS turn, array_agg(DISTINCT name) AS names FROM lanes
      WHERE tenant IS NOT NULL AND (turn = 0 OR tenant <= $4) GROUP BY tenant ORDER BY min(turn), tenant LIMIT (SELECT size FROM room)
    ), page AS MATERIALIZED (
      SELECT ${spare} + least(size, ceil(${fewTenants}.0 * size / greatest(1, (SELECT count(*) FROM tenants))))::integer AS rows FROM room
    ), first AS MATERIALIZED (
      SELECT head.id, tenants.turn, lane, row_number() OVER (PARTITION BY tenants.tenant ORDER BY head.priority, head.due_at, head.id) AS depth
      FROM tenants CROSS JOIN LATERAL unnest(names) AS lane CROSS JOIN LATERAL (
        SELECT id, priority, due_at FROM jobs WHERE state = 'available' AND queue = $1 AND name = lane AND jobs.tenant = tenants.tenant
        ORDER BY priority, due_at, id LIMIT (SELECT rows FROM page)) AS head
    ), looked AS MATERIALIZED (
      SELECT coalesce(sum(heads), 0)::integer AS seen, coalesce(bool_or(heads >= rows AND rows < size + ${spare}), false) AS deeper
      FROM (SELECT count(*) AS heads FROM first GROUP BY turn, lane) AS lane CROSS JOIN page CROSS JOIN room
    ), taken AS MATERIALIZED (
      SELECT head.id, head.report, head.report_before, inturn.turn, inturn.depth FROM (SELECT * FROM first ORDER BY depth, turn) AS inturn
      CROSS JOIN LATERAL (SELECT id, report, report_before FROM jobs WHERE jobs.id = inturn.id AND jobs.state || '' = 'available' FOR UPDATE SKIP LOCKED) AS head
      LIMIT (SELECT size FROM room)
    ), line AS MATERIALIZED (
      SELECT size, size < $3 AND (SELECT count(*) FROM taken) = size
        AND CASE size WHEN 0 THEN EXISTS (SELECT FROM lanes WHERE tenant IS NOT NULL) ELSE (SELECT count(*) FROM first) > size END AS waits
      FROM room WHERE limited
    ), drawn AS (
      INSERT INTO turns (queue, hub, until) SELECT $1, $10, $11::bigint FROM line WHERE waits
      ON CONFLICT (queue, hub) DO UPDATE SET until = excluded.until,
        drawn = CASE WHEN turns.until > $8 AND (SELECT size FROM line) = 0 THEN turns.drawn ELSE excluded.drawn END
    ), served AS (
      DELETE FROM turns USING line WHERE size > 0 AND NOT waits AND turns.queue = $1 AND turns.hub = $10
    ), loosened AS (
      UPDATE reports SET loose = true FROM taken WHERE reports.id = taken.report_before AND taken.report IS NOT NULL
    ), claimed AS (
      UPDATE jobs SET state = '${next.state}', attempt = jobs.attempt + ${next.attempt}, runs = jobs.runs + 1,
        lease = ($9::uuid[])[placed.place::integer], lease_until = $7::bigint, attempted_at = greatest($8::bigint, jobs.due_at), report = NULL, report_before = coalesce(jobs.report, jobs.report_before),
        worker = (SELECT worker FROM unnest($5::text[], $6::integer[]) AS shares (worker, upto) WHERE placed.place <= upto ORDER BY upto LIMIT 1)
      FROM (SELECT *, row_number() OVER (ORDER BY depth, turn) AS place FROM taken) AS placed
      WHERE jobs.id = placed.id
      RETURNING placed.place, jobs.id, jobs.tenant, jobs.ref, jobs.name, jobs.attempt, jobs.runs, jobs.max_attempts AS "maxAttempts", jobs.outcomes,
        jobs.crashes, jobs.snoozed, jobs.codec, replace(jobs.lease::text, '-', '') AS lease, jobs.worker,
        jobs.due_at AS "dueAt", jobs.attempted_at AS "attemptedAt", jobs.elsewhere OR jobs.hub IS DISTINCT FROM $10::uuid AS "readElsewhere", jobs.timeout, jobs.meta, jobs.trace, jobs.args
    )
    SELECT room.size, looked.seen, looked.deeper, claimed.* FROM room CROSS JOIN looked LEFT JOIN claimed ON true ORDER BY place`,
}

interface ClaimedRow extends Omit<AttemptRow, 'id'> {
  readonly size: number
  readonly seen: number
  /** Whether there are lanes with more than was looked at. */
  readonly deeper: boolean
  readonly id: number | null
  readonly worker: string
  /** Whether another hub may have read of it. */
  readonly readElsewhere: boolean
  readonly dueAt: number
  readonly timeout: number | null
  readonly meta: string
  readonly trace: string | null
  readonly args: string
}

/** Prepares claiming jobs: by priority, then due time, then age; tenants take turns. */
export function claim({ clock, settings, facts, hub }: Means): Claim {
  const lastTenants = new Map<string, string>()
  const serve = (tx: Transaction, { tenant, queue, names, requests }: Line, tokens: Tokens): Promise<ClaimedSome> => {
    const key = JSON.stringify([queue, names])
    const now = clock.now()
    const upto = runningSums(requests.map(({ limit }) => limit))
    const wanted = upto.at(-1) ?? 0
    const last = lastTenants.get(key) ?? ''
    const workers = requests.map(({ worker }) => worker)
    const until = now + settings.leaseMs
    const leases = tokens.mint(wanted, until)
    const values = [queue, [...new Set(names)], wanted, last, workers, upto, until, now, leases, hub, now + turnMs, tenant]
    return tx.rows<ClaimedRow>(claimJobs, ...values).then((rows) => {
      const [{ size, seen, deeper } = { size: 0, seen: 0, deeper: false }] = rows
      const claimed = rows.filter(isClaimed)
      for (const row of claimed) facts.keep(begun(row, queue))
      const latest = claimed.at(-1)
      if (lastTenants.size >= longestMemory) lastTenants.clear()
      if (latest && tenant === undefined) lastTenants.set(key, latest.tenant)
      const passedOver = claimed.length < size && (seen > claimed.length || deeper)
      return {
        claimed: claimed.map((row) => ({ worker: row.worker, run: row.runs, unseen: !row.readElsewhere, assignment: toAssignment(row, queue) })),
        again: passedOver ? left(requests, claimed.length) : [],
      }
    })
  }
  return (tx, requests, tokens) => {
    const lines = linesOf(requests)
    if (lines.length === 0) return Promise.resolve({ claimed: [], again: [] })
    void tx.rows(lockLimited, shareQueues(tx, lines))
    return Promise.all(lines.map((line) => serve(tx, line, tokens))).then((parts) => ({
      claimed: parts.flatMap(({ claimed }) => claimed),
      again: parts.flatMap(({ again }) => again),
    }))
  }
}

/** Neighbouring requests for the same are one, in the order in which they came. */
function linesOf(requests: readonly ClaimRequest[]): Line[] {
  const lines: Line[] = []
  for (const request of requests) {
    const { tenant, queue, names, limit } = request
    if (limit <= 0 || names.length === 0) continue
    const line = lines.at(-1)
    if (line && line.tenant === tenant && line.queue === queue && (line.names === names || line.names.join('\n') === names.join('\n')))
      line.requests.push(request)
    else lines.push({ tenant, queue, names, requests: [request] })
  }
  return lines
}

function runningSums(limits: readonly number[]): number[] {
  let sum = 0
  return limits.map((limit) => (sum += limit))
}

/** What requests still want after the first so many jobs went to them in order. */
function left(requests: readonly ClaimRequest[], given: number): ClaimRequest[] {
  let rest = given
  return requests.flatMap((request) => {
    const got = Math.min(rest, request.limit)
    rest -= got
    return got < request.limit ? [{ ...request, limit: request.limit - got }] : []
  })
}

function isClaimed(row: ClaimedRow): row is ClaimedRow & { readonly id: number } {
  return row.id !== null
}

function toAssignment(row: ClaimedRow & { readonly id: number }, queue: string): Assignment {
  const { id, name, lease, attempt, maxAttempts, timeout, codec, args, trace, dueAt } = row
  const work = { name, queue, maxAttempts, timeout, meta: metaOf(row), codec, args, trace }
  return assignmentOf(work, { jobId: String(id), lease: lease as string, attempt, dueAt })
}
