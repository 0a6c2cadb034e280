import { expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { type Store, StoreUnavailable } from '#server/store/store.js'
import { PostgresServer } from '../../../../e2e/harness/postgresServer.js'
import { Wire } from '../../../../e2e/harness/wire.js'
import { aJob, claim, gives, insert, only, read, settings, settle, tenant } from '../conformance/harness.js'

vi.setConfig({ testTimeout: 60_000 })

test('a standby, which may not show yet what was acknowledged, is not read from; once promoted it has all of it', async () => {
  await using primary = await PostgresServer.start(['synchronous_standby_names=standby'])
  await using standby = await primary.standby()
  await using wire = await Wire.open(primary.port)
  const address = new URL(primary.url)
  address.port = String(wire.port)
  const store = await openStore(address.href, settings)
  onTestFinished(() => store.close())
  const [held, job] = [aJob({ name: 'held' }), aJob()]
  await insert(store, [held])
  const lease = only(await claim(store, { names: ['held'] }))

  await standby.ask('SELECT pg_wal_replay_pause()')
  await insert(store, [job])
  await primary.stop('killed')
  wire.leadTo(standby.port)
  wire.cut()
  const asked = () => read(store, { tenant, ref: job.ref })
  // The first call of each kind may just find its connection lost.
  const calls = [asked, asked, () => store.held([lease]), () => store.depths(), () => store.depths(), () => insert(store, [aJob()])]
  for (const call of calls) await expect(call()).rejects.toBeInstanceOf(StoreUnavailable)
  await expect(openStore(address.href, settings)).rejects.toThrow(/the server is a standby, which only reads/)

  await standby.promote()
  expect(await read(store, { tenant, ref: job.ref })).toMatchObject({ type: 'known', job: { state: 'available' } })
  expect(await settle(store, lease, gives.ok)).toMatchObject({ type: 'settled' })
  expect(await insert(store, [job])).toMatchObject([{ type: 'existing' }])
})

/** A store, connected to a primary whose synchronous standby hears nothing. */
async function openUnheard(): Promise<{ store: Store; primary: PostgresServer; replication: Wire }> {
  const primary = await PostgresServer.start(['synchronous_standby_names=standby'])
  onTestFinished(() => primary.close())
  const replication = await Wire.open(primary.port)
  onTestFinished(() => replication.close())
  const standby = await primary.standby(replication.port)
  onTestFinished(() => standby.close())
  const store = await openStore(primary.url, settings)
  onTestFinished(() => store.close())
  await insert(store, [aJob()])
  replication.freeze()
  return { store, primary, replication }
}

const waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

test.for([
  ['a session’s wait for it is cancelled', (primary: PostgresServer) => primary.ask(`SELECT pg_cancel_backend(pid) ${waiting}`)],
  ['the primary crashes and starts again', (primary: PostgresServer) => primary.restart('immediate')],
] as const)('what the standby does not have is neither acknowledged nor told, when %s', async ([, trouble]) => {
  const { store, primary, replication } = await openUnheard()
  const job = aJob()
  const answer = insert(store, [job])
  answer.catch(() => {})
  await expect.poll(() => primary.ask(`SELECT count(*)::integer AS sessions ${waiting}`)).toEqual([{ sessions: 1 }])
  await trouble(primary)
  for (const call of [() => answer, () => read(store, { tenant, ref: job.ref })]) await expect(call()).rejects.toBeInstanceOf(StoreUnavailable)
  replication.thaw()
  await expect.poll(() => insert(store, [job]).catch(() => 'refused'), { timeout: 10_000 }).toMatchObject([{ type: 'existing' }])
})

test('while the standby is silent no session after the other is left waiting for it', async () => {
  const { store, primary, replication } = await openUnheard()
  const job = aJob()
  await expect(insert(store, [job])).rejects.toBeInstanceOf(StoreUnavailable)
  for (let i = 0; i < 3; i++) await expect(insert(store, [aJob()])).rejects.toThrow(/waits for a synchronous standby/)
  expect(await primary.ask(`SELECT count(*)::integer AS sessions ${waiting}`)).toEqual([{ sessions: 1 }])
  replication.thaw()
  await expect.poll(() => insert(store, [job]).catch(() => 'refused'), { timeout: 10_000 }).toMatchObject([{ type: 'existing' }])
})
