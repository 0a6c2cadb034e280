import type { Refusal } from '@anchorleg/shared'
import { claim as transition } from '../../lifecycle.js'
import { assignmentOf } from '../assignment.js'
import { fingerprint } from '../fingerprint.js'
import { dueOnceStored, insertedAs } from '../inserted.js'
import { openings } from '../openings.js'
import type { Claimed, ClaimRequest, Inserted, Insertion } from '../store.js'
import { begun } from './attemptRows.js'
import type { Claim, ClaimedSome } from './claim.js'
import { ClosedLanes } from './closedLanes.js'
import { type FirstRun, insertRows, type NewRow } from './insertRows.js'
import type { Tokens } from './lostClaims.js'
import type { Means } from './operations.js'
import { shareQueues } from './queues.js'
import type { Transaction } from './transaction.js'

/** Jobs to store, and the wishes to claim for with them. */
interface Call {
  readonly insertions: readonly Insertion[]
  readonly requests: readonly ClaimRequest[]
  readonly tokens: Tokens
}

/** Whether a call can be stored in one statement: none of its jobs is unique, and each stands for itself. */
export function isPlain(insertions: readonly Insertion[]): boolean {
  return insertions.every(({ job, unit }) => job.unique === undefined && unit === undefined)
}

/**
 * Prepares storing plain jobs, all in one statement, those for which slots are free as running, and then the claims that are left.
 * A ref that was seen before is left out, and has to be looked at: by `insertCarefully`.
 */
export function insertPlain({ clock, settings, facts, hub }: Means, claim: Claim) {
  const closed = new ClosedLanes()
  return (tx: Transaction, { insertions, requests, tokens }: Call): Promise<{ inserted: (Inserted | undefined)[]; claimed: ClaimedSome }> => {
    const now = clock.now()
    const until = now + settings.leaseMs
    const { lanes, take, rest } = openings(insertions, requests, closed.mayOpen)
    const leases = lanes.length === 0 ? [] : tokens.mint(insertions.length, until)
    const rows = insertions.map((insertion, i): NewRow => {
      const dueAt = dueOnceStored(insertion.job, now)
      const opening = lanes.length === 0 || dueAt > now ? undefined : take(insertion)
      const run = opening && { lane: lanes.indexOf(opening.lane) + 1, lease: leases[i] as string, worker: opening.worker }
      return { id: null, insertion, fingerprint: fingerprint(insertion.job), now, dueAt, run }
    })
    if (lanes.length > 0) shareQueues(tx, lanes)
    const stored = insertRows(tx, rows, hub, { lanes, until })
    const claimed = claim(tx, rest, tokens)
    return Promise.all([stored, claimed]).then(([{ ids, open }, { claimed, again }]) => {
      const straight: Claimed[] = []
      const inserted = rows.map((row, i) => {
        const id = ids[i]
        if (id === undefined) return undefined
        if (row.run && open[row.run.lane - 1]) straight.push(first(row, row.run, id))
        return insertedAs(row.insertion.job, { id, dueAt: row.dueAt, now })
      })
      lanes.forEach((lane, i) => closed.note(lane, open[i] === true))
      const shut = lanes.filter((_, i) => !open[i])
      return { inserted, claimed: { claimed: [...straight, ...claimed], again: [...shut.flatMap((lane) => lane.requests), ...again] } }
    })
  }

  function first({ insertion: { tenant, job }, dueAt, now }: NewRow, { lease, worker }: FirstRun, id: number): Claimed {
    const { ref, queue, name, codec, maxAttempts } = job
    const { attempt } = transition({ attempt: 0 })
    const none = { outcomes: 0, crashes: 0, snoozed: 0 }
    facts.keep(begun({ id, tenant, ref, name, codec, lease, attempt, runs: 1, maxAttempts, attemptedAt: now, ...none }, queue))
    return { worker, run: 1, unseen: true, assignment: assignmentOf(job, { jobId: String(id), dueAt, lease, attempt }) }
  }
}

/** A job that is not stored, and why. */
export function refused(code: Refusal['code'], message: string): Inserted {
  return { type: 'refused', refusal: { code, message } }
}
