import { mintLease, mintRef } from '@anchorleg/shared'
import { expect, onTestFinished, test } from 'vitest'
import type { Signal } from '#server/notifier/notifier.js'
import { PostgresNotifier } from '#server/notifier/postgresNotifier.js'
import { openStore } from '#server/store/openStore.js'
import { postgresAddress } from '#server/store/postgres/address.js'
import { openClient } from '#server/store/postgres/openClient.js'
import { type Telemetry, TelemetryBus } from '#server/telemetry.js'
import { settings } from '../store/conformance/harness.js'
import { freshSchema } from '../store/postgres/freshSchema.js'

/** Three hubs' notifiers on one fresh schema, what each has heard, and a connection of a stranger. */
async function neighbours() {
  const url = freshSchema()
  const address = postgresAddress(url) ?? expect.fail('no address')
  const store = await openStore(url, settings)
  await store.close()
  const open = async () => {
    const hub = mintLease()
    const heard: Signal[] = []
    const told: Telemetry[] = []
    const telemetry = new TelemetryBus()
    telemetry.subscribe((event) => told.push(event))
    const notifier = await PostgresNotifier.open(address, hub, telemetry)
    notifier.subscribe((signal) => heard.push(signal))
    onTestFinished(() => notifier.close())
    return { hub, notifier, heard, told }
  }
  const [one, two, three, stranger] = await Promise.all([open(), open(), open(), openClient(address, 'migrate')])
  onTestFinished(() => stranger.end())
  const channel = `${address.schema}_signals`
  /** Ends the connections that listen to this channel, as an operator would; they have said nothing since their LISTEN. */
  const cut = () =>
    stranger.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'anchorleg signals' AND query LIKE $1", [
      `%${channel}%`,
    ])
  return { one, two, three, stranger, channel, cut }
}

const outcome = (): Signal => ({ type: 'outcomes', jobs: [{ tenant: 'default', refs: [mintRef()] }] })
const arrives = { timeout: 15_000, interval: 20 }

test('another hub hears what one tells, and nobody hears himself', async () => {
  const { one, two } = await neighbours()
  const [ours, theirs] = [outcome(), outcome()]
  one.notifier.publish(ours)
  two.notifier.publish(theirs)
  await expect.poll(() => two.heard, arrives).toEqual([ours])
  await expect.poll(() => one.heard, arrives).toEqual([theirs])
})

test('what is told to one hub is heard by no other', async () => {
  const { one, two, three } = await neighbours()
  const [aside, aloud] = [outcome(), outcome()]
  one.notifier.publish(aside, two.hub)
  one.notifier.publish(aloud)
  await expect.poll(() => two.heard, arrives).toEqual(expect.arrayContaining([aside, aloud]))
  await expect.poll(() => three.heard, arrives).toEqual([aloud])
})

test('what is told in one turn goes in one notification', async () => {
  const { one, stranger, channel } = await neighbours()
  const payloads: string[] = []
  stranger.on('notification', ({ payload }) => payloads.push(payload ?? ''))
  await stranger.query(`LISTEN "${channel}"`)
  for (let i = 0; i < 100; i++) one.notifier.publish(outcome())
  await expect.poll(() => payloads.length, arrives).toBe(1)
})

test('what nobody is in a hurry for goes along with the rest, and by itself a little later', async () => {
  const { one, two } = await neighbours()
  for (let i = 0; i < 50; i++) one.notifier.publish({ type: 'moved', jobIds: [String(i)] })
  await expect.poll(() => two.heard, arrives).toEqual([{ type: 'moved', jobIds: Array.from({ length: 50 }, (_, i) => String(i)) }])
})

test("a stranger's payload is ignored, and told of", async () => {
  const { one, two, stranger, channel } = await neighbours()
  await stranger.query('SELECT pg_notify($1, $2)', [channel, 'hello'])
  const ours = outcome()
  one.notifier.publish(ours)
  await expect.poll(() => two.heard, arrives).toEqual([ours])
  expect(two.told).toContainEqual({ type: 'signal.unreadable', payload: 'hello' })
})

test('a connection that is lost is made anew, and everybody reads again what may have been missed', async () => {
  const { one, two, cut } = await neighbours()
  expect((await cut()).rowCount).toBe(3)
  await expect.poll(() => one.heard, arrives).toContainEqual({ type: 'gap' })
  await expect.poll(() => two.heard, arrives).toContainEqual({ type: 'gap' })
  expect(one.told.map(({ type }) => type)).toContain('signals.lost')
  const ours = outcome()
  await expect
    .poll(() => {
      one.notifier.publish(ours)
      return two.heard
    }, arrives)
    .toContainEqual(ours)
})

test('what was to be told without a connection is lost, and the others are told to read everything', async () => {
  const { one, two, cut } = await neighbours()
  await cut()
  one.notifier.publish(outcome())
  await expect.poll(() => two.heard, arrives).toContainEqual({ type: 'gap' })
})

test('what was told is said before it closes; afterwards nothing is, and closing again is safe', async () => {
  const { one, two } = await neighbours()
  const ours = outcome()
  one.notifier.publish(ours)
  await one.notifier.close()
  await one.notifier.close()
  one.notifier.publish(outcome())
  await expect.poll(() => two.heard, arrives).toEqual([ours])
})
