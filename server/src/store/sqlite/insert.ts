import type { Refusal } from '@anchorleg/shared'
import { enter } from '../../lifecycle.js'
import { fingerprint } from '../fingerprint.js'
import type { Inserted, Insertion } from '../store.js'
import { claim } from './claim.js'
import { findRef } from './findRef.js'
import { readJob } from './jobRows.js'
import type { Means, Operations } from './operations.js'
import { uniqueKeys } from './uniqueKeys.js'

type Insert = (insertion: Insertion) => Inserted

/** Prepares storing jobs: each by itself, those of one unit together, and then the claims. */
export function insert(means: Means, claims: Operations['claim'] = claim(means)): Operations['insert'] {
  const one = insertOne(means)
  const together = insertUnit(means, one)
  return (insertions, requests) => {
    const inserted: Inserted[] = new Array(insertions.length)
    const units = membersByUnit(insertions)
    insertions.forEach((insertion, i) => {
      if (inserted[i]) return
      const members = insertion.unit === undefined ? undefined : units.get(insertion.unit)
      if (!members || members.length === 1) inserted[i] = one(insertion)
      else together(members, insertions, inserted)
    })
    return { inserted, claimed: claims(requests) }
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

function insertOne(means: Means): Insert {
  const find = findRef(means)
  const read = readJob(means)
  const store = storeJob(means)
  const keys = uniqueKeys(means)
  const addAlias = means.db.prepare('INSERT INTO aliases (tenant, ref, job_id, fingerprint) VALUES (?, ?, ?, ?)')
  const existing = (id: number, conflict: boolean): Inserted => {
    const { jobId, state, queue, name, dueAt } = read(id)
    return { type: 'existing', conflict, jobId, state, queue, name, dueAt }
  }
  return (insertion) => {
    const { tenant, job } = insertion
    const print = fingerprint(job)
    const found = find({ tenant, ref: job.ref })
    if (found === 'tombstone') return refused('expired', `The ref ${job.ref} belongs to a job that has been deleted after its retention.`)
    if (found && found.fingerprint !== print) return refused('ref_conflict', `The ref ${job.ref} belongs to a job with other content.`)
    if (found) return existing(found.jobId, found.alias)
    const holder = job.unique && keys.holderOf(tenant, job.unique)
    if (holder === undefined) return store(insertion, print)
    addAlias.run(tenant, job.ref, holder, print)
    return existing(holder, true)
  }
}

function storeJob(means: Means): (insertion: Insertion, print: string) => Inserted {
  const { db, clock, tally } = means
  const keys = uniqueKeys(means)
  const insertJob = db.prepare(
    `INSERT INTO jobs (tenant, ref, queue, name, state, priority, due_at, max_attempts, inserted_at, timeout, codec, attended_at,
       unique_key, fingerprint, tags, meta, trace)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertArgs = db.prepare('INSERT INTO job_args (job_id, args) VALUES (?, ?)')
  return ({ tenant, job }, print) => {
    const { ref, queue, name, priority, maxAttempts, timeout, codec, trace, unique } = job
    const now = clock.now()
    const dueAt = Math.round(job.scheduledAt ?? now + (job.scheduleIn ?? 0) * 1000)
    const state = enter(dueAt, now)
    const { lastInsertRowid } = insertJob.run(
      tenant,
      ref,
      queue,
      name,
      state,
      priority,
      dueAt,
      maxAttempts,
      now,
      timeout,
      codec,
      job.cancelOnDisconnect ? now : null,
      unique?.key,
      print,
      JSON.stringify(job.tags),
      JSON.stringify(job.meta),
      trace,
    )
    insertArgs.run(lastInsertRowid, job.args)
    if (unique) keys.take(tenant, unique, Number(lastInsertRowid))
    tally.note(queue, null, state)
    return { type: 'inserted', conflict: false, jobId: String(lastInsertRowid), state, queue, name, dueAt }
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
