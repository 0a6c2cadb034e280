import { expect, test } from 'vitest'
import { SqliteStore, startThread } from '#server/store/sqlite/sqliteStore.js'
import { StoreUnavailable } from '#server/store/store.js'
import { aJob, insert, settings, tenant } from '../conformance/harness.js'

test('when the thread dies, what was asked and what is asked later is unavailable', async () => {
  const thread = await startThread({ file: ':memory:', settings })
  const store = new SqliteStore(thread)
  await insert(store, [aJob()])
  const asked = [insert(store, [aJob()]), store.read([{ tenant, ref: aJob().ref }]), store.stage(1)]
  const results = Promise.allSettled(asked)
  await thread.terminate()
  for (const result of await results) expect(result).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) })
  await expect(store.stage(1)).rejects.toThrow("The store's thread ended.")
  await expect(store.close()).resolves.toBeUndefined()
})

test('an exception that ends the thread is told to everyone who waits', async () => {
  const thread = await startThread({ file: ':memory:', settings })
  const store = new SqliteStore(thread)
  const asked = store.stage(1)
  thread.postMessage('this is no list of requests')
  thread.postMessage(null)
  await expect(Promise.all([asked, store.prune(1), store.expire(1)])).rejects.toThrow(/The store's thread died: TypeError/)
  await expect(store.abandoned(0, 1)).rejects.toBeInstanceOf(StoreUnavailable)
})
