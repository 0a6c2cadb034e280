import type { Lease } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { Canceller } from '#server/canceller.js'
import { Herald } from '#server/herald.js'
import { LocalNotifier } from '#server/notifier/localNotifier.js'
import { Roster } from '#server/roster.js'
import { TelemetryBus } from '#server/telemetry.js'
import { cancel, leaseOf, sealedReason, settings, start, tenant } from './store/conformance/harness.js'
import { openedStore } from './store/openedStore.js'
import { workerSession } from './workerSession.js'

/** A job that was claimed, at a hub that does not know of it yet; `arrive` hands it to its worker, and `told` is what that is told. */
async function openClaimed() {
  const { store } = await openedStore('memory:')
  const [roster, notifier, telemetry] = [new Roster(), new LocalNotifier(), new TelemetryBus()]
  const canceller = new Canceller({ store, roster, notifier, telemetry, herald: new Herald({ notifier, telemetry }) }, settings.cancelGraceMs)
  const told: (Lease & { reason: string })[] = []
  const session = workerSession({ tell: { cancel: (cancels) => void told.push(...cancels) } })
  roster.join(session)
  const { assignment, lookup } = await start(store)
  const lease = leaseOf(assignment)
  return { store, canceller, lookup, lease, told, arrive: () => roster.hold(session, lease, 'default') }
}

const reason = sealedReason('too soon')

test('a cancellation that is heard of before the job comes from the store reaches its worker', async () => {
  const { store, canceller, lookup, lease, told, arrive } = await openClaimed()
  await cancel(store, lookup, 'too soon')
  await canceller.askAgain([lease])
  expect(told).toEqual([])
  arrive()
  await expect.poll(() => told).toEqual([{ ...lease, codec: reason.codec, reason: reason.value }])
})

test('so does one that is asked for at the same hub', async () => {
  const { canceller, lookup, lease, told, arrive } = await openClaimed()
  expect(await canceller.cancel([{ tenant, ref: lookup.ref, reason }])).toMatchObject([{ type: 'requested' }])
  arrive()
  await expect.poll(() => told).toMatchObject([{ ...lease, reason: reason.value }])
})
