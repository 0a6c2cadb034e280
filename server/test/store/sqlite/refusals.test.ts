import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { applicationId, schemaVersion } from '#server/store/sqlite/schema.js'
import { StoreRefused } from '#server/store/store.js'
import { settings } from '../conformance/harness.js'
import { openedStore } from '../openedStore.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { startChild } from './child.js'

async function refusalOf(file: string): Promise<string> {
  const outcome = await openStore(`sqlite:${file}`, settings).then(
    (store) => store.close(),
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(StoreRefused)
  return (outcome as StoreRefused).message
}

/** A database that someone else made. */
function foreign(file: string, ...statements: string[]): string {
  const db = new Database(file)
  for (const statement of statements) db.exec(statement)
  db.close()
  return file
}

test('a folder that is missing', async () => {
  const folder = join(temporaryFolder(), 'none')
  expect(await refusalOf(join(folder, 'hub.db'))).toBe(`Cannot open ${folder}/hub.db: the folder ${folder} does not exist.`)
})

test('a folder instead of a file', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  mkdirSync(file)
  expect(await refusalOf(file)).toBe(`Cannot open ${file}: it is not a file that can be read and written here.`)
})

test('a file that is no database', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  writeFileSync(file, 'Dear diary, today I was opened by a hub. '.repeat(100))
  expect(await refusalOf(file)).toBe(`Cannot open ${file}: it is not an SQLite database.`)
  expect(readFileSync(file, 'utf8')).toMatch(/^Dear diary/)
})

test('a damaged database', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  openDatabase(file).close()
  const bytes = readFileSync(file)
  bytes.fill(0xff, 100, 4096)
  writeFileSync(file, bytes)
  expect(await refusalOf(file)).toBe(`Cannot open ${file}: it is damaged.`)
})

test('the tables of another application, which stay as they were', async () => {
  const file = foreign(join(temporaryFolder(), 'hub.db'), 'CREATE TABLE users (name TEXT)', "INSERT INTO users VALUES ('ada')")
  expect(await refusalOf(file)).toBe(`Cannot open ${file}: it holds the tables of another application.`)
  const db = new Database(file)
  expect(db.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['users'])
  db.close()
})

test('a file that a newer version has written', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  openDatabase(file).close()
  foreign(file, `PRAGMA user_version = ${schemaVersion + 1}`)
  const knows = `(its schema is ${schemaVersion + 1}, this version knows ${schemaVersion})`
  expect(await refusalOf(file)).toBe(`Cannot open ${file}: a newer version has written it ${knows}.`)
})

test('a file that may not be written', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'hub.db')
  openDatabase(file).close()
  chmodSync(file, 0o444)
  chmodSync(folder, 0o555)
  const child = startChild('openingChild.mjs', [file])
  await child.ended
  chmodSync(folder, 0o755)
  expect(child.lines()).toEqual([`StoreRefused Cannot open ${file}: it is not writable.`])
})

test('a folder in which no file may be made', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o555)
  const child = startChild('openingChild.mjs', [join(folder, 'hub.db')])
  await child.ended
  chmodSync(folder, 0o755)
  expect(child.lines()).toEqual([`StoreRefused Cannot open ${folder}/hub.db: it is not a file that can be read and written here.`])
})

test('a file that this process holds already', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  const { store } = await openedStore(`sqlite:${file}`)
  expect(await refusalOf(file)).toBe(`Cannot open ${file}: another process holds it; one hub at a time may open a file.`)
  await store.close()
  await (await openStore(`sqlite:${file}`, settings)).close()
})

test('a file that another process holds, until that one is gone, however it went', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  const holder = startChild('storingChild.mjs', [file, 'hold'])
  await holder.hasWritten(1)
  expect(holder.lines()).toEqual(['opened'])
  const second = startChild('storingChild.mjs', [file, 'hold'])
  expect(await second.ended).toBe(3)
  expect(second.lines()).toEqual([`StoreRefused Cannot open ${file}: another process holds it; one hub at a time may open a file.`])
  expect(await refusalOf(file)).toMatch(/another process holds it/)
  holder.process.kill('SIGKILL')
  await holder.ended
  await (await openStore(`sqlite:${file}`, settings)).close()
})

test('a store refused leaves its file to others', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  openDatabase(file).close()
  foreign(file, `PRAGMA user_version = ${schemaVersion + 1}`)
  await refusalOf(file)
  foreign(file, `PRAGMA user_version = ${schemaVersion}`)
  const db = openDatabase(file)
  expect(db.pragma('application_id', { simple: true })).toBe(applicationId)
  db.close()
})
