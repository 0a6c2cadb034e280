import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '#server/store/sqlite/openDatabase.js'
import { aJob, aWish, tenant } from '../conformance/harness.js'
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

test('every acknowledgement follows a sync of its own', async () => {
  const telling = `NODE_OPTIONS=--import=${new URL('./tellingSyncs.mjs', import.meta.url).href}`
  const child = startChild('storingChild.mjs', [join(temporaryFolder(), 'hub.db'), 'steps'], ['env', telling])
  expect(await child.ended).toBe(0)
  const words = child.lines().map((line) => line.split(' ')[0])
  const acknowledged = words.flatMap((word, i) => (word === 'inserted' || word === 'settled' ? [i] : []))
  expect(acknowledged).toHaveLength(30)
  for (const i of acknowledged) expect(words[i - 1]).toBe('synced')
})

test('what is claimed along is told ahead of the answer, which holds it too', async () => {
  const { store } = await openedStore(`sqlite:${join(temporaryFolder(), 'hub.db')}`)
  const order: [string, unknown][] = []
  const inserting = store.insert([{ tenant, job: aJob() }], [aWish()], (claimed) => order.push(['claimed', claimed]))
  const { claimed } = await inserting
  order.push(['answered', claimed])
  expect(claimed).toHaveLength(1)
  expect(order).toEqual([
    ['claimed', claimed],
    ['answered', claimed],
  ])
})

test('the log is synced at checkpoints, through the cache of the drive, and nobody else opens the file', () => {
  const db = openDatabase(join(temporaryFolder(), 'hub.db'))
  const pragma = (name: string) => db.pragma(name, { simple: true })
  expect(pragma('journal_mode')).toBe('wal')
  expect(pragma('synchronous')).toBe(1)
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
