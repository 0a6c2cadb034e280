import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { schemaVersion } from '#server/store/sqlite/schema.js'
import { temporaryFolder } from '../temporaryFolder.js'

test('every job row carries tenant, codec tag, unique key, meta and trace context', () => {
  const db = openDatabase(':memory:')
  const columns = db.prepare("SELECT name FROM pragma_table_info('jobs')").pluck().all()
  expect(columns).toEqual(expect.arrayContaining(['tenant', 'codec', 'unique_key', 'meta', 'trace']))
  db.close()
})

test('the sealed args lie apart from the row that every transition rewrites', () => {
  const db = openDatabase(':memory:')
  const tables = db.prepare("SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE c.name = 'args'").pluck().all()
  expect(tables).toEqual(['job_args'])
  db.close()
})

test('opening again changes nothing of the schema', () => {
  const file = join(temporaryFolder(), 'hub.db')
  const schemaOf = () => {
    const db = openDatabase(file)
    const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
    expect(db.pragma('user_version', { simple: true })).toBe(schemaVersion)
    db.close()
    return schema
  }
  const first = schemaOf()
  expect(first.length).toBeGreaterThan(10)
  expect(schemaOf()).toEqual(first)
})
