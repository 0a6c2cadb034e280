import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { migrateStore, openStore } from '#server/store/openStore.js'
import { StoreRefused, StoreUnavailable } from '#server/store/store.js'
import { PostgresServer } from '../../../../e2e/harness/postgresServer.js'
import { aJob, claim, gives, insert, only, read, settings, settle, tenant } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

test('a schema is brought up to date by hand once, and a newer one is refused', async () => {
  const address = freshSchema()
  const first = await migrateStore(address)
  expect(first.from).toBe(0)
  expect(await migrateStore(address)).toEqual({ from: first.to, to: first.to })
  const schema = new URL(address).searchParams.get('schema')
  const client = new pg.Client(process.env.ANCHORLEG_TEST_POSTGRES_URL)
  await client.connect()
  await client.query(`UPDATE "${schema}".version SET version = 999`)
  await client.end()
  for (const open of [() => openStore(address, settings), () => migrateStore(address)]) {
    await expect(open()).rejects.toThrow(/a newer version has made it \(its schema is 999, this version knows \d+\)/)
  }
  await expect(migrateStore('sqlite:x.db')).rejects.toBeInstanceOf(StoreRefused)
})

test('a server that does not wait for its disk is refused', async () => {
  await using server = await PostgresServer.start(['fsync=off'])
  await expect(openStore(server.url, settings)).rejects.toThrow(/its fsync is off/)
})

test('how safely the server keeps what it acknowledges is told', async () => {
  const told: object[] = []
  const store = await openStore(freshSchema(), { ...settings, opened: (facts) => told.push(facts) })
  await store.close()
  expect(told).toMatchObject([{ fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }])
})

test('what was acknowledged is there after a crash of the server; meanwhile calls are refused, and then they are taken again', async () => {
  await using server = await PostgresServer.start()
  const store = await openStore(server.url, settings)
  onTestFinished(() => store.close())
  const [running, waiting] = [aJob({ name: 'a' }), aJob({ name: 'b' })]
  await insert(store, [running, waiting])
  const lease = only(await claim(store, { names: ['a'] }))
  await server.stop('immediate')
  await expect(insert(store, [aJob()])).rejects.toBeInstanceOf(StoreUnavailable)
  await expect(store.prune(1)).rejects.toBeInstanceOf(StoreUnavailable)
  await server.restart()
  expect(await insert(store, [waiting])).toMatchObject([{ type: 'existing' }])
  expect(await settle(store, lease, gives.ok)).toMatchObject({ type: 'settled', announcement: { state: 'completed' } })
  expect(await read(store, { tenant, ref: waiting.ref })).toMatchObject({ type: 'known', job: { state: 'available' } })
})

test('calls that are under way when the server crashes are answered, and leave nothing half done', async () => {
  await using server = await PostgresServer.start()
  const store = await openStore(server.url, settings)
  onTestFinished(() => store.close())
  const calls = Array.from({ length: 30 }, () => [aJob(), aJob()])
  const answers = calls.map(async (jobs, i) => {
    for (let turn = 0; turn < i; turn++) await new Promise(setImmediate)
    return insert(store, jobs)
  })
  await answers[0]
  await server.stop('immediate')
  const settled = await Promise.allSettled(answers)
  await server.restart()
  for (const [i, jobs] of calls.entries()) {
    const types = (await store.read(jobs.map(({ ref }) => ({ tenant, ref })))).map(({ type }) => type)
    expect(new Set(types).size).toBe(1)
    if (settled[i]?.status === 'fulfilled') expect(types[0]).toBe('known')
    else expect((settled[i] as PromiseRejectedResult).reason).toBeInstanceOf(StoreUnavailable)
  }
})
