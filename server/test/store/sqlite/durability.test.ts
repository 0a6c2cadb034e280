import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { openedStore } from '../openedStore.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { startChild } from './child.js'

/** What the store holds of each line that a killed child wrote. */
async function holdings(file: string, lines: readonly string[]) {
  const { store } = await openedStore(`sqlite:${file}`)
  const said = lines.map((line) => line.split(' ')).filter(([word]) => word !== 'opened')
  const readings = await store.read(said.map(([, ref]) => ({ tenant: 'acme', ref: ref ?? '' })))
  return said.map(([word], i) => ({ word, reading: readings[i] }))
}

test('a process killed right after an acknowledged insert leaves the job', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  const child = startChild('storingChild.mjs', [file, 'insert'])
  expect(await child.ended).toBe('SIGKILL')
  const held = await holdings(file, child.lines())
  expect(held).toMatchObject([{ word: 'inserted', reading: { type: 'known', job: { state: 'available' } } }])
})

test('a process killed right after an acknowledged settlement leaves the outcome', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  const child = startChild('storingChild.mjs', [file, 'settle'])
  expect(await child.ended).toBe('SIGKILL')
  const held = await holdings(file, child.lines())
  const done = { type: 'known', job: { state: 'completed' }, latest: { type: 'ok', value: '[2]', number: 1 } }
  expect(held).toMatchObject([
    { word: 'inserted', reading: done },
    { word: 'settled', reading: done },
  ])
})

test('a process killed in the middle of its work leaves all that it acknowledged', async () => {
  const file = join(temporaryFolder(), 'hub.db')
  const child = startChild('storingChild.mjs', [file, 'flood'])
  await child.hasWritten(200)
  child.process.kill('SIGKILL')
  expect(await child.ended).toBe('SIGKILL')
  const held = await holdings(file, child.lines())
  expect(held.length).toBeGreaterThanOrEqual(199)
  expect(held.filter(({ reading }) => reading?.type !== 'known')).toEqual([])
  const settled = held.filter(({ word }) => word === 'settled')
  expect(settled.length).toBeGreaterThan(0)
  for (const { reading } of settled) expect(reading).toMatchObject({ job: { state: 'completed' }, latest: { type: 'ok' } })
})

test('a commit waits for the disk: the log is synced in full, through the cache of the drive', () => {
  const db = openDatabase(join(temporaryFolder(), 'hub.db'))
  const pragma = (name: string) => db.pragma(name, { simple: true })
  expect(pragma('journal_mode')).toBe('wal')
  expect(pragma('synchronous')).toBe(2)
  expect(pragma('fullfsync')).toBe(1)
  expect(pragma('checkpoint_fullfsync')).toBe(1)
  expect(pragma('locking_mode')).toBe('exclusive')
  db.close()
})

test('the SQLite underneath has the fixes that this store relies on', () => {
  const db = openDatabase(':memory:')
  const version = db.prepare('SELECT sqlite_version()').pluck().get() as string
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(3_051_003)
  db.close()
})
