import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { StoreUnavailable } from '#server/store/store.js'
import { PostgresServer } from '../../../../e2e/harness/postgresServer.js'
import { Wire } from '../../../../e2e/harness/wire.js'
import { aJob, claim, gives, insert, only, read, settings, settle, tenant } from '../conformance/harness.js'

test('a standby, which may not show yet what was acknowledged, is not read from; once promoted it has all of it', { timeout: 60_000 }, async () => {
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
