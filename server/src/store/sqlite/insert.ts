import { mintLease, type Refusal } from '@anchorleg/shared'
import { claim, enter } from '../../lifecycle.js'
import { assignmentOf } from '../assignment.js'
import { fingerprint } from '../fingerprint.js'
import { dueOnceStored, insertedAs } from '../inserted.js'
import { openings } from '../openings.js'
import type { Claimed, Inserted, Insertion } from '../store.js'
import { claim as claimJobs } from './claim.js'
import { findRef, leadsElsewhere } from './findRef.js'
import { isOpen } from './isOpen.js'
import { readJob } from './jobRows.js'
import type { Means, Operations } from './operations.js'
import { uniqueKeys } from './uniqueKeys.js'

/** Stores a job; `worker` has a free slot for it, should it be due. */
type Insert = (insertion: Insertion, worker?: string) => Inserted

/** Prepares storing jobs: each by itself, those of one unit together, and then the claims. */
export function insert(means: Means, claims: Operations['claim'] = claimJobs(means)): Operations['insert'] {
  const straight: Claimed[] = []
  const one = insertOne(means, (claimed) => straight.push(claimed))
  const together = insertUnit(means, one)
  const mayOpen = isOpen(means)
  return (insertions, requests) => {
    straight.length = 0
    const { take, rest } = openings(insertions, requests, mayOpen)
    const inserted: Inserted[] = new Array(insertions.length)
    const units = membersByUnit(insertions)
    insertions.forEach((insertion, i) => {
      if (inserted[i]) return
      const members = insertion.unit === undefined ? undefined : units.get(insertion.unit)
      if (!members || members.length === 1) inserted[i] = one(insertion, take(insertion)?.worker)
      else together(members, insertions, inserted)
    })
    return { inserted, claimed: [...straight, ...claims(rest)] }
  }
}

function membersByUnit(insertions: readonly Insertion[]): Map<number, number[]> {
  const units = new Map<number, number[]>()
  insertions.forEach(({ unit }, i) => {
    if (unit === undefined) return
    const members = units.get(unit)
    if (members) members.push(i)
    else units.set(unit, [i])
  })
  return units
}

function insertOne(means: Means, started: (claimed: Claimed) => void): Insert {
  const find = findRef(means)
  const elsewhere = leadsElsewhere(means)
  const read = readJob(means)
  const store = storeJob(means, started)
  const keys = uniqueKeys(means)
  const addAlias = means.db.prepare('INSERT INTO aliases (tenant, ref, job_id, fingerprint) VALUES (?, ?, ?, ?)')
  const existing = (id: number, conflict: boolean): Inserted => {
    const { jobId, state, queue, name, dueAt } = read(id)
    return { type: 'existing', conflict, jobId, state, queue, name, dueAt }
  }
  /** What becomes of a job when its ref, or its unique key, is somebody's already. */
  const met = ({ tenant, job }: Insertion, print: string): Inserted | undefined => {
    const found = find({ tenant, ref: job.ref })
    if (found === 'tombstone') return refused('expired', `The ref ${job.ref} belongs to a job that has been deleted after its retention.`)
    if (found && found.fingerprint !== print) return refused('ref_conflict', `The ref ${job.ref} belongs to a job with other content.`)
    if (found) return existing(found.jobId, found.alias)
    const holder = job.unique && keys.holderOf(tenant, job.unique)
    if (holder === undefined) return undefined
    means.refs.haveAliases = true
    addAlias.run(tenant, job.ref, holder, print)
    return existing(holder, true)
  }
  return (insertion, worker) => {
    const { tenant, job } = insertion
    const print = fingerprint(job)
    // Almost every ref is new: then the index that its row goes into is all that need be asked.
    const careful = job.unique !== undefined || elsewhere({ tenant, ref: job.ref })
    const inserted = (careful ? met(insertion, print) : undefined) ?? store(insertion, print, worker) ?? met(insertion, print)
    if (!inserted) throw new Error(`The ref ${job.ref} is taken, and leads nowhere.`)
    return inserted
  }
}

/** Prepares storing a job under a ref that leads nowhere else; undefined when there is a job of its own. */
function storeJob(
  means: Means,
  started: (claimed: Claimed) => void,
): (insertion: Insertion, print: string, worker: string | undefined) => Inserted | undefined {
  const { db, clock, settings, tally } = means
  const keys = uniqueKeys(means)
  const insertJob = db.prepare(
    `INSERT INTO jobs (tenant, ref, queue, name, state, priority, due_at, attempt, runs, max_attempts, lease, lease_until, worker, inserted_at,
       attempted_at, timeout, codec, attended_at, unique_key, fingerprint, tags, meta, trace)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (tenant, ref) DO NOTHING`,
  )
  const insertArgs = db.prepare('INSERT INTO job_args (job_id, args) VALUES (?, ?)')
  return ({ tenant, job }, print, worker) => {
    const { ref, queue, name, priority, maxAttempts, timeout, codec, trace, unique } = job
    const now = clock.now()
    const dueAt = dueOnceStored(job, now)
    const entered = enter(dueAt, now)
    const run = worker !== undefined && entered === 'available' ? { lease: mintLease(), worker, ...claim({ attempt: 0 }) } : undefined
    const state = run?.state ?? entered
    const { lastInsertRowid, changes } = insertJob.run(
      tenant,
      ref,
      queue,
      name,
      state,
      priority,
      dueAt,
      run?.attempt ?? 0,
      run ? 1 : 0,
      maxAttempts,
      run?.lease,
      run && now + settings.leaseMs,
      run?.worker,
      now,
      run && now,
      timeout,
      codec,
      job.cancelOnDisconnect ? now : null,
      unique?.key,
      print,
      job.tags.length === 0 ? '[]' : JSON.stringify(job.tags),
      JSON.stringify(job.meta),
      trace,
    )
    if (changes === 0) return undefined
    insertArgs.run(lastInsertRowid, job.args)
    if (unique) keys.take(tenant, unique, Number(lastInsertRowid))
    tally.note(queue, null, state)
    const jobId = String(lastInsertRowid)
    if (run) started({ worker: run.worker, run: 1, assignment: assignmentOf(job, { jobId, dueAt, lease: run.lease, attempt: run.attempt }) })
    return insertedAs(job, { id: Number(lastInsertRowid), dueAt, now })
  }
}

/** Stores the jobs of one unit, or none of them when one is refused: then the others are refused with it, each as one to which nothing else is wrong. */
function insertUnit({ db, tally }: Means, one: Insert): (members: readonly number[], insertions: readonly Insertion[], inserted: Inserted[]) => void {
  const begin = db.prepare('SAVEPOINT unit')
  const undo = db.prepare('ROLLBACK TO unit')
  const end = db.prepare('RELEASE unit')
  return (members, insertions, inserted) => {
    begin.run()
    const { mark } = tally
    for (const i of members) inserted[i] = one(insertions[i] as Insertion)
    const refusal = members.map((i) => inserted[i]).find((each) => each?.type === 'refused')?.refusal
    if (refusal) {
      undo.run()
      tally.undo(mark)
      for (const i of members) {
        if (inserted[i]?.type !== 'refused') inserted[i] = refused('invalid_job', `Another job of the same call was refused: ${refusal.message}`)
      }
    }
    end.run()
  }
}

function refused(code: Refusal['code'], message: string): Inserted {
  return { type: 'refused', refusal: { code, message } }
}
