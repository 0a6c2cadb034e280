import type { Refusal } from '@anchorleg/shared'
import { enter } from '../../lifecycle.js'
import type { Inserted, Insertion } from '../store.js'
import { claim } from './claim.js'
import { findRef } from './findRef.js'
import { fingerprint } from './fingerprint.js'
import { readJob } from './jobRows.js'
import type { Means, Operations } from './operations.js'

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
  return (insertion) => {
    const { tenant, job } = insertion
    const print = fingerprint(job)
    const found = find({ tenant, ref: job.ref })
    if (found === undefined) return store(insertion, print)
    if (found === 'tombstone') return refused('expired', `The ref ${job.ref} belongs to a job that has been deleted after its retention.`)
    if (found.fingerprint !== print) return refused('ref_conflict', `The ref ${job.ref} belongs to a job with other content.`)
    const { jobId, state, queue, name, dueAt } = read(found.jobId)
    return { type: 'existing', jobId, state, queue, name, dueAt }
  }
}

function storeJob({ db, clock }: Means): (insertion: Insertion, print: string) => Inserted {
  const insertJob = db.prepare(
    `INSERT INTO jobs (tenant, ref, queue, name, state, priority, due_at, max_attempts, inserted_at, timeout, codec, tags, meta, trace, fingerprint)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertArgs = db.prepare('INSERT INTO job_args (job_id, args) VALUES (?, ?)')
  return ({ tenant, job }, print) => {
    const { ref, queue, name, priority, maxAttempts, timeout, codec, trace } = job
    const now = clock.now()
    const dueAt = Math.round(job.scheduledAt ?? now + (job.scheduleIn ?? 0) * 1000)
    const state = enter(dueAt, now)
    const tags = JSON.stringify(job.tags)
    const meta = JSON.stringify(job.meta)
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
      tags,
      meta,
      trace,
      print,
    )
    insertArgs.run(lastInsertRowid, job.args)
    return { type: 'inserted', jobId: String(lastInsertRowid), state, queue, name, dueAt }
  }
}

/** Stores the jobs of one unit, or none of them when one is refused: then the others are refused with it, by the same code. */
function insertUnit({ db }: Means, one: Insert): (members: readonly number[], insertions: readonly Insertion[], inserted: Inserted[]) => void {
  const begin = db.prepare('SAVEPOINT unit')
  const undo = db.prepare('ROLLBACK TO unit')
  const end = db.prepare('RELEASE unit')
  return (members, insertions, inserted) => {
    begin.run()
    for (const i of members) inserted[i] = one(insertions[i] as Insertion)
    const refusal = members.map((i) => inserted[i]).find((each) => each?.type === 'refused')?.refusal
    if (refusal) {
      undo.run()
      for (const i of members) {
        if (inserted[i]?.type !== 'refused') inserted[i] = refused(refusal.code, `Another job of the same call was refused: ${refusal.message}`)
      }
    }
    end.run()
  }
}

function refused(code: Refusal['code'], message: string): Inserted {
  return { type: 'refused', refusal: { code, message } }
}
