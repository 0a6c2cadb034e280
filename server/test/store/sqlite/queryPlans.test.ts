import { expect, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { engineBench } from './engine.js'

/** Every statement that the engine prepares, and how SQLite would run it. */
function plans(): { sql: string; steps: string[] }[] {
  const db = openDatabase(':memory:')
  const prepare = db.prepare.bind(db)
  const prepared: string[] = []
  db.prepare = ((sql: string) => {
    prepared.push(sql.replace(/\s+/g, ' '))
    return prepare(sql)
  }) as typeof db.prepare
  engineBench({}, db)
  return prepared
    .filter((sql) => /^(?:SELECT|INSERT|UPDATE|DELETE)/.test(sql))
    .map((sql) => {
      const values = (sql.match(/\?/g) ?? []).map(() => 1)
      const steps = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[]
      return { sql, steps: steps.map(({ detail }) => detail) }
    })
}

/** What reads all that an index holds, because all of it is wanted: for an operator, or metrics. */
const wholeIndexes = [/^SCAN queues$/, /^SCAN jobs USING COVERING INDEX jobs_(?:available|executing|due)$/, /^USE TEMP B-TREE FOR GROUP BY$/]
const wantsAll = (sql: string) => /GROUP BY queue|FROM queues ORDER BY name/.test(sql)

test('no statement scans a table, or sorts: each finds its rows by key or by an index in order', () => {
  const all = plans()
  expect(all.length).toBeGreaterThan(60)
  const slow = all.filter(({ sql, steps }) => {
    if (wantsAll(sql)) return !steps.every((step) => wholeIndexes.some((whole) => whole.test(step)))
    const readsOne = sql.endsWith('LIMIT 1')
    return steps.some((step) => /TEMP B-TREE|AUTOMATIC/.test(step) || (/\bSCAN (?!\(subquery|CONSTANT)/.test(step) && !readsOne))
  })
  expect(slow).toEqual([])
  expect(all.filter(({ sql }) => wantsAll(sql))).toHaveLength(4)
})

test.each([
  ['claim', /FROM jobs INDEXED BY jobs_available .* ORDER BY priority, due_at, id/, /jobs_available \(queue=\? AND name=\? AND tenant=\?\)/],
  ['the count of a limited queue', /^SELECT count\(\*\) FROM \(SELECT 1 .* LIMIT \?\)/, /COVERING INDEX jobs_executing \(queue=\?\)/],
  ['stage', /due_at <= \? ORDER BY due_at LIMIT \?$/, /jobs_due \(due_at<\?\)/],
  ['expire', /lease_until <= \? .* ORDER BY lease_until/, /jobs_leased \(lease_until<\?\)/],
  ['the end of a grace', /cancel_by <= \? .* ORDER BY cancel_by/, /jobs_cancelling \(cancel_by>\? AND cancel_by<\?\)/],
  [
    'the search for abandoned jobs',
    /attended_at <= \? ORDER BY attended_at/,
    /jobs_attended \(attended_at>\? AND attended_at<\?\)|jobs_attended \(attended_at<\?\)/,
  ],
  ['prune', /finished_at < \? ORDER BY finished_at/, /jobs_finished \(finished_at<\?\)/],
  ['a part of the chunks', /FROM chunks WHERE place >= \? AND place < \? ORDER BY place/, /INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/],
  ['clearing loose reports', /WHERE loose = 1 ORDER BY id LIMIT 1/, /reports_loose/],
])('%s walks its index', (_, statement, step) => {
  const found = plans().filter(({ sql }) => statement.test(sql))
  expect(found.length).toBeGreaterThan(0)
  for (const { steps } of found) expect(steps).toContainEqual(expect.stringMatching(step))
})
