import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { fingerprint } from '#server/store/sqlite/fingerprint.js'
import { aJob, aWish, gives, leaseOf, settings, settlement, tenant } from '../conformance/harness.js'
import { engineBench } from './engine.js'

/** A job with an alias: the ref of a submission that conflicted with it. */
function aliasedJob() {
  const bench = engineBench()
  const job = aJob()
  const other = aJob({ ref: mintRef(), args: '["other"]' })
  const { claimed } = bench.ask('insert', [{ tenant, job }], [aWish()])
  const assignment = claimed[0]?.assignment
  if (!assignment) throw new Error('expected an assignment')
  const row = [tenant, other.ref, Number(assignment.jobId), fingerprint(other)]
  bench.db.prepare('INSERT INTO aliases (tenant, ref, job_id, fingerprint) VALUES (?, ?, ?, ?)').run(...row)
  return { ...bench, job, other, lease: leaseOf(assignment) }
}

test('an alias reads as the job it leads to', () => {
  const { ask, job, other } = aliasedJob()
  const [own, alias, strange] = ask('read', [
    { tenant, ref: job.ref },
    { tenant, ref: other.ref },
    { tenant: 'other', ref: other.ref },
  ])
  expect(own).toMatchObject({ type: 'known', job: { state: 'executing' } })
  expect(alias).toEqual(own)
  expect(strange).toEqual({ type: 'not_found' })
})

test('an alias is as idempotent as a ref: by what was sent under it', () => {
  const { ask, job, other, lease } = aliasedJob()
  const sent = [other, { ...job, ref: other.ref }].map((each) => ({ tenant, job: each }))
  expect(ask('insert', sent, []).inserted).toMatchObject([
    { type: 'existing', jobId: lease.jobId },
    { type: 'refused', refusal: { code: 'ref_conflict' } },
  ])
})

test('an outcome is announced to the ref and its aliases', () => {
  const { ask, job, other, lease } = aliasedJob()
  const { settled } = ask('settle', [settlement(lease, gives.ok)], [])
  expect(settled).toMatchObject([{ announcement: { refs: [job.ref, other.ref] } }])
})

test('a crash is announced to both as well', () => {
  const { ask, clock, job, other } = aliasedJob()
  clock.at += settings.leaseMs
  expect(ask('expire', 10)).toMatchObject([{ announcement: { refs: [job.ref, other.ref] } }])
})

test('pruning leaves a tombstone for the ref and for each alias, and nothing else', () => {
  const { ask, clock, db, job, other, lease } = aliasedJob()
  ask('settle', [settlement(lease, gives.ok)], [])
  clock.at += settings.retentionMs + 1
  const refs = [job.ref, other.ref].map((ref) => ({ tenant, ref }))
  expect(ask('prune', 10)).toEqual(refs)
  expect(ask('read', refs)).toEqual([{ type: 'expired' }, { type: 'expired' }])
  for (const table of ['jobs', 'job_args', 'outcomes', 'aliases', 'unique_keys']) {
    expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(0)
  }
  clock.at += settings.tombstoneMs
  ask('prune', 10)
  expect(db.prepare('SELECT count(*) FROM tombstones').pluck().get()).toBe(0)
})
