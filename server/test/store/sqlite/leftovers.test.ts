import type { Lease } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { aJob, aWish, emission, gives, leaseOf, settings, settlement, tenant } from '../conformance/harness.js'
import { type Bench, engineBench } from './engine.js'

const { retentionMs, tombstoneMs } = settings

function count({ db }: Bench, table: string): unknown {
  return db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
}

/** Stores a job with everything a job can have, and claims it. */
function begin({ ask }: Bench): Lease {
  const unique = { key: 'k', states: ['executing' as const] }
  const { claimed } = ask('insert', [{ tenant, job: aJob({ unique }) }], [aWish()])
  ask('insert', [{ tenant, job: aJob({ unique }) }], [])
  const [first] = claimed
  if (!first) throw new Error('expected a job to be claimed')
  return leaseOf(first.assignment)
}

function emitMany({ ask }: Bench, lease: Lease, many: number): void {
  ask(
    'emit',
    Array.from({ length: many }, (_, index) => emission(lease, index)),
  )
}

test('pruning leaves tombstones, which end as well, and nothing else', () => {
  const bench = engineBench()
  const { ask, clock } = bench
  const lease = begin(bench)
  ask('progress', [{ ...lease, codec: 'd6', value: '[1]' }])
  emitMany(bench, lease, 3)
  ask('settle', [settlement(lease, gives.ok)], [])
  const tables = ['jobs', 'job_args', 'outcomes', 'aliases', 'unique_keys', 'reports', 'progress', 'chunks']
  for (const table of tables) expect(count(bench, table)).toBeGreaterThan(0)
  clock.at += retentionMs + 1
  ask('prune', 10)
  expect(tables.map((table) => count(bench, table))).toEqual(tables.map(() => 0))
  expect(count(bench, 'tombstones')).toBe(2)
  clock.at += tombstoneMs
  ask('prune', 10)
  expect(count(bench, 'tombstones')).toBe(0)
})

test('a job with very many chunks is deleted at once, and its chunks a part at a time', () => {
  const bench = engineBench()
  const lease = begin(bench)
  emitMany(bench, lease, 5_000)
  bench.ask('settle', [settlement(lease, gives.ok)], [])
  bench.clock.at += retentionMs + 1
  const left: unknown[] = []
  for (const limit of [10, 100, 100]) {
    bench.ask('prune', limit)
    left.push(count(bench, 'chunks'))
  }
  expect(count(bench, 'jobs')).toBe(0)
  expect(left).toEqual([4_750, 2_250, 0])
  expect([count(bench, 'reports'), count(bench, 'progress')]).toEqual([0, 0])
})

test('one job with more aliases than a batch may have is deleted by itself', () => {
  const bench = engineBench()
  const lease = begin(bench)
  const unique = { key: 'k', states: ['executing' as const] }
  const more = Array.from({ length: 20 }, () => ({ tenant, job: aJob({ unique }) }))
  bench.ask('insert', more, [])
  bench.ask('settle', [settlement(lease, gives.ok)], [])
  bench.ask('settle', [settlement(begin(bench), gives.ok)], [])
  bench.clock.at += retentionMs + 1
  expect([bench.ask('prune', 10), bench.ask('prune', 10), bench.ask('prune', 10)].map(({ length }) => length)).toEqual([22, 2, 0])
})

test('the chunks of earlier attempts go while later ones are stored, however seldom jobs are pruned', () => {
  const bench = engineBench()
  let lease = begin(bench)
  for (let run = 0; run < 20; run++) {
    emitMany(bench, lease, 100)
    expect(count(bench, 'chunks')).toBeLessThanOrEqual(200)
    bench.ask('release', [lease])
    const [next] = bench.ask('claim', [aWish()])
    if (!next) throw new Error('expected the job to be claimed again')
    lease = leaseOf(next.assignment)
  }
  expect(count(bench, 'reports')).toBeLessThanOrEqual(2)
})

test('the number of rows a job has does not grow with its progress', () => {
  const bench = engineBench()
  const lease = begin(bench)
  for (let i = 0; i < 50; i++) bench.ask('progress', [{ ...lease, codec: 'd6', value: `[${i}]` }])
  expect([count(bench, 'reports'), count(bench, 'progress')]).toEqual([1, 1])
})
