import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { postgresAddress } from '#server/store/postgres/address.js'
import { DatabaseClock } from '#server/store/postgres/databaseClock.js'
import { openClient } from '#server/store/postgres/openClient.js'
import { Wire } from '../../../../e2e/harness/wire.js'
import { aJob, claim, insert, inspectKnown, only, settings, tenant } from '../conformance/harness.js'
import { freshSchema } from './freshSchema.js'

/** A connection to the run's PostgreSQL, over the wire's port if there is one. */
async function dial(port?: number) {
  const url = new URL(freshSchema())
  if (port !== undefined) url.port = String(port)
  const client = await openClient(postgresAddress(url.href) as NonNullable<ReturnType<typeof postgresAddress>>, 'store')
  onTestFinished(() => client.end())
  return client
}

test('the clock is never ahead of the database’s, however long it took to be told, and of several looks the best counts', async () => {
  const direct = await dial()
  const wire = await Wire.open(Number(new URL(freshSchema()).port))
  onTestFinished(() => wire.close())
  const slow = await dial(wire.port)
  const databaseNow = async () => {
    const { rows } = await direct.query<{ at: string }>('SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 AS at')
    return Number(rows[0]?.at)
  }
  const clock = new DatabaseClock(undefined)
  // It asks, and its question stays on the way for so long.
  const lookSlowly = async () => {
    wire.freeze()
    const looked = clock.look(slow)
    const from = await databaseNow()
    await expect.poll(databaseNow, { interval: 50 }).toBeGreaterThan(from + 400)
    wire.thaw()
    await looked
  }
  await lookSlowly()
  expect(clock.now()).toBeLessThanOrEqual(await databaseNow())
  await clock.look(direct)
  expect(clock.now()).toBeLessThanOrEqual(await databaseNow())
  const behind = (await databaseNow()) - clock.now()
  await lookSlowly()
  expect(clock.now()).toBeLessThanOrEqual(await databaseNow())
  expect((await databaseNow()) - clock.now()).toBeLessThan(behind + 200)
})

test('a job that one hub found due was not claimed before by another whose clock is behind', async () => {
  const address = freshSchema()
  const behind = new Float64Array(new SharedArrayBuffer(8)).fill(-2_000)
  const [here, there] = await Promise.all([openStore(address, settings), openStore(address, { ...settings, skew: behind })])
  onTestFinished(async () => {
    await Promise.all([here.close(), there.close()])
  })
  const job = aJob({ scheduledAt: Math.round(here.now() + 200) })
  expect(await insert(here, [job])).toMatchObject([{ state: 'scheduled' }])
  await expect.poll(async () => (await here.stage(1)).staged.length, { interval: 20 }).toBe(1)
  only(await claim(there))
  const { attemptedAt } = await inspectKnown(here, { tenant, ref: job.ref })
  expect(attemptedAt).toBeGreaterThanOrEqual(job.scheduledAt as number)
})
