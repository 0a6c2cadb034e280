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

test('no statement scans a table, or sorts: each finds its rows by key or by an index in order', () => {
  const all = plans()
  expect(all.length).toBeGreaterThan(25)
  const slow = all.filter(({ sql, steps }) => {
    const readsOne = sql.endsWith('LIMIT 1')
    return steps.some((step) => /TEMP B-TREE|AUTOMATIC/.test(step) || (/\bSCAN\b/.test(step) && !readsOne))
  })
  expect(slow).toEqual([])
})

test.each([
  ['claim', /FROM jobs INDEXED BY jobs_available .* ORDER BY priority, due_at, id/, /jobs_available \(queue=\? AND name=\? AND tenant=\?\)/],
  ['stage', /^UPDATE jobs SET state = \? WHERE id IN/, /jobs_due \(due_at<\?\)/],
  ['expire', /lease_until <= \? ORDER BY lease_until/, /jobs_leased \(lease_until<\?\)/],
  ['prune', /finished_at < \? ORDER BY finished_at/, /jobs_finished \(finished_at<\?\)/],
])('%s walks its partial index', (_, statement, step) => {
  const found = plans().filter(({ sql }) => statement.test(sql))
  expect(found).toHaveLength(1)
  expect(found[0]?.steps).toContainEqual(expect.stringMatching(step))
})
