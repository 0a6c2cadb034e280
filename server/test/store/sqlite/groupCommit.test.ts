import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import type { Request } from '#server/store/sqlite/operations.js'
import { sqliteEngine } from '#server/store/sqlite/sqliteEngine.js'
import { aJob, settings, tenant } from '../conformance/harness.js'

/** An engine that counts its commits. */
function countingEngine() {
  const db = openDatabase(':memory:')
  const prepare = db.prepare.bind(db)
  const commits = { count: 0 }
  db.prepare = ((sql: string) => {
    const statement = prepare(sql)
    if (sql !== 'COMMIT') return statement
    return {
      run() {
        commits.count += 1
        return statement.run()
      },
    }
  }) as typeof db.prepare
  const engine = sqliteEngine(db, { settings })
  onTestFinished(() => engine.close())
  const jobs = () => db.prepare('SELECT count(*) FROM jobs').pluck().get()
  return { db, engine, commits, jobs }
}

const inserting = (id: number, job: object = aJob()): Request => ({ id, method: 'insert', args: [[{ tenant, job }], []] })

test('what was asked together is one commit', () => {
  const { engine, commits, jobs } = countingEngine()
  const answers = engine.run([1, 2, 3, 4].map((id) => inserting(id)))
  expect(answers.map(({ id }) => id)).toEqual([1, 2, 3, 4])
  expect(answers.every((answer) => 'value' in answer)).toBe(true)
  expect(commits.count).toBe(1)
  expect(jobs()).toBe(4)
})

test('a refused entry is an answer, and costs no commit of its own', () => {
  const { engine, commits } = countingEngine()
  const job = aJob()
  engine.run([inserting(1, job), inserting(2, { ...job, priority: 1 }), inserting(3)])
  expect(commits.count).toBe(1)
})

test('a request at fault is answered alone, and its neighbours stand, each once', () => {
  const { engine, jobs } = countingEngine()
  const answers = engine.run([inserting(1), inserting(2, aJob({ args: {} as never })), inserting(3), { id: 4, method: 'none' as never, args: [] }])
  expect(answers.map((answer) => 'value' in answer)).toEqual([true, false, true, false])
  expect(answers[3]).toMatchObject({ trouble: expect.stringContaining('TypeError') })
  expect(jobs()).toBe(2)
})

test('when the database is full every request is answered with that, and nothing of them stands', () => {
  const { db, engine, jobs } = countingEngine()
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`)
  const huge = aJob({ args: 'x'.repeat(1_000_000) })
  const answers = engine.run([inserting(1), inserting(2, huge), inserting(3)])
  for (const answer of answers) expect(answer).toMatchObject({ trouble: expect.stringContaining('SQLITE_FULL') })
  expect(jobs()).toBe(0)
  db.pragma('max_page_count = 1000000')
  expect(engine.run([inserting(4, huge)])).toMatchObject([{ value: { inserted: [{ type: 'inserted' }] } }])
})
