import { mintLease } from '@anchorleg/shared'
import { claim as transition } from '../../lifecycle.js'
import { assignmentOf } from '../assignment.js'
import type { Claimed, ClaimRequest } from '../store.js'
import { metaOf } from './jobRows.js'
import { byteOrder, namesWithJobs, tenantsInTurn } from './lanes.js'
import { looseReports } from './looseReports.js'
import type { Means, Operations } from './operations.js'
import { roomIn } from './queues.js'

/** What the workers of the same names in one queue have in common: those names in order, and which tenant was served last. */
interface Line {
  readonly queue: string
  readonly names: readonly string[]
  lastTenant: string
}

/** Lines remembered: beyond them all are forgotten, and turns begin anew. */
const longestMemory = 1_000

/**
 * Prepares claiming jobs: by priority, then due time, then age; tenants take turns. It only walks the index of available
 * jobs, from one name and tenant to the next.
 */
export function claim(means: Means): Operations['claim'] {
  const lines = new Map<string, Line>()
  const namesOf = namesWithJobs(means)
  const tenantsOf = tenantsInTurn(means)
  const take = takeFirst(means)
  const room = roomIn(means)

  const lineOf = ({ queue, names }: ClaimRequest): Line => {
    const key = JSON.stringify([queue, names])
    const known = lines.get(key)
    if (known) return known
    if (lines.size >= longestMemory) lines.clear()
    const line = { queue, names: [...new Set(names)].sort(byteOrder), lastTenant: '' }
    lines.set(key, line)
    return line
  }

  const serve = (request: ClaimRequest): Claimed[] => {
    const line = lineOf(request)
    const { queue } = line
    const limit = Math.min(request.limit, room(queue))
    const names = line.names.length > 1 ? namesOf(queue, line.names) : line.names
    const claimed: Claimed[] = []
    if (request.tenant !== undefined && names.length > 0) return take({ queue, names, tenant: request.tenant }, request.worker, limit)
    while (names.length > 0 && claimed.length < limit) {
      const left = limit - claimed.length
      const tenants = tenantsOf({ queue, names }, line.lastTenant, left)
      if (tenants.length === 0) break
      const share = Math.floor(left / tenants.length)
      for (const tenant of tenants) {
        for (const each of take({ queue, names, tenant }, request.worker, share)) claimed.push(each)
        line.lastTenant = tenant
      }
    }
    return claimed
  }

  return (requests) => requests.flatMap(serve)
}

interface WaitingJob {
  readonly id: number
  readonly name: string
  readonly priority: number
  readonly dueAt: number
  readonly attempt: number
  readonly runs: number
  readonly maxAttempts: number
  readonly snoozed: number
  readonly timeout: number | null
  readonly meta: string
  readonly codec: string
  readonly trace: string | null
  readonly report: number | null
}

/** One tenant's jobs of these names in a queue. */
interface Share {
  readonly queue: string
  readonly names: readonly string[]
  readonly tenant: string
}

/** Prepares taking one tenant's first jobs over several names, each of which the index holds in order by itself. */
function takeFirst(means: Means): (share: Share, worker: string, most: number) => Claimed[] {
  const assign = assignJob(means)
  const heads = means.db.prepare<[string, string, string, number], WaitingJob>(
    `SELECT id, name, priority, due_at AS dueAt, attempt, runs, max_attempts AS maxAttempts, snoozed, timeout, meta, codec, trace, report
     FROM jobs INDEXED BY jobs_available WHERE state = 'available' AND queue = ? AND name = ? AND tenant = ?
     ORDER BY priority, due_at, id LIMIT ?`,
  )
  return ({ queue, names, tenant }, worker, most) => {
    const taken: Claimed[] = []
    const page = Math.ceil(most / names.length)
    while (taken.length < most) {
      const pages = names.map((name) => heads.all(queue, name, tenant, page))
      // Beyond the end of a full page its name may have more, so only what comes up to there is known to be in order.
      const ends = pages.filter((jobs) => jobs.length === page).map((jobs) => jobs[page - 1] as WaitingJob)
      const bound = ends.sort(inOrder)[0]
      const waiting = pages.flat().sort(inOrder)
      const known = bound ? waiting.slice(0, waiting.indexOf(bound) + 1) : waiting
      for (const job of known.slice(0, most - taken.length)) taken.push(assign(job, queue, worker))
      if (!bound) break
    }
    return taken
  }
}

function inOrder(a: WaitingJob, b: WaitingJob): number {
  return a.priority - b.priority || a.dueAt - b.dueAt || a.id - b.id
}

/** Prepares handing one job to a worker, under a fresh lease. */
function assignJob(means: Means): (job: WaitingJob, queue: string, worker: string) => Claimed {
  const { db, clock, settings, tally } = means
  const { loosen } = looseReports(means)
  const readArgs = db.prepare<[number], string>('SELECT args FROM job_args WHERE job_id = ?').pluck()
  const update = db.prepare(
    'UPDATE jobs SET state = ?, attempt = ?, runs = ?, lease = ?, lease_until = ?, worker = ?, attempted_at = ?, report = NULL WHERE id = ?',
  )
  return (job, queue, worker) => {
    const { id, name, maxAttempts, timeout, codec, trace } = job
    const lease = mintLease()
    const { state, attempt } = transition(job)
    const run = job.runs + 1
    const now = clock.now()
    update.run(state, attempt, run, lease, now + settings.leaseMs, worker, now, id)
    loosen(job.report)
    tally.note(queue, 'available', state)
    const work = { name, queue, maxAttempts, timeout, meta: metaOf(job), codec, args: readArgs.get(id) as string, trace }
    const assignment = assignmentOf(work, { jobId: String(id), lease, attempt, dueAt: job.dueAt })
    return { worker, run, assignment }
  }
}
