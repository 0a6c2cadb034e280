import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { StoreRefused } from '#server/store/store.js'
import { settings } from './conformance/harness.js'
import { temporaryFolder } from './temporaryFolder.js'

test.each([
  ['', 'expected sqlite:<path>, postgres://… or memory:, got ""'],
  ['anchorleg.db', 'expected sqlite:<path>, postgres://… or memory:, got "anchorleg.db"'],
  ['sqlite:', 'expected sqlite:<path>, postgres://… or memory:, got "sqlite:"'],
  ['sqlite', 'expected sqlite:<path>, postgres://… or memory:, got "sqlite"'],
  ['SQLITE:x.db', 'expected sqlite:<path>, postgres://… or memory:, got "SQLITE:x.db"'],
  ['memory', 'expected sqlite:<path>, postgres://… or memory:, got "memory"'],
  ['sqlite::memory:', 'expected memory: for a store in memory, got sqlite::memory:'],
  ['redis://host', 'expected sqlite:<path>, postgres://… or memory:, got redis://…'],
  ['postgres://user:secret@127.0.0.1:1/db', 'Cannot open postgres://127.0.0.1:1/db?schema=anchorleg: PostgreSQL: connect ECONNREFUSED 127.0.0.1:1.'],
  ['postgresql://user:secret@host:port/db', 'expected postgres://user:password@host:port/database, got an address that cannot be read'],
  ['postgres://user:secret@h/db?schema=X', 'expected a schema of up to 48 lower-case letters, digits and underscores, got "X"'],
])('the address %j is refused, and no password repeated', async (address, sentence) => {
  const refusal = await openStore(address, settings).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(StoreRefused)
  expect((refusal as StoreRefused).message).toBe(sentence)
})

test('a path with anything in it is a file of that name', async () => {
  const folder = temporaryFolder()
  for (const name of ['a b.db', 'ü?mode=memory', 'file:x', '%41.db', '#.db']) {
    const store = await openStore(`sqlite:${join(folder, name)}`, settings)
    onTestFinished(() => store.close())
    expect(existsSync(join(folder, name))).toBe(true)
  }
})

test('two stores in memory know nothing of each other', async () => {
  const stores = [await openStore('memory:', settings), await openStore('memory:', settings)]
  for (const store of stores) onTestFinished(() => store.close())
  await expect(Promise.all(stores.map((store) => store.stage(1)))).resolves.toHaveLength(2)
})

test('a skew that no thread can share is refused', async () => {
  await expect(openStore('memory:', { ...settings, skew: new Float64Array(1) })).rejects.toThrow(/expected skew over a SharedArrayBuffer/)
})
