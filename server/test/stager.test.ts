import { stopwatch, systemClock } from '@anchorleg/shared'
import { expect, onTestFinished, test } from 'vitest'
import { Dispatcher } from '#server/dispatcher.js'
import { Herald } from '#server/herald.js'
import { LocalNotifier } from '#server/notifier/localNotifier.js'
import { Roster } from '#server/roster.js'
import { Stager } from '#server/stager.js'
import { TelemetryBus } from '#server/telemetry.js'
import { aJob, insert, readKnown, tenant } from './store/conformance/harness.js'
import { openedStore } from './store/openedStore.js'
import { freshSchema } from './store/postgres/freshSchema.js'

test('a job is made available when the store’s clock says so, whatever the machine’s own says', async () => {
  const { store, advance } = await openedStore(freshSchema())
  advance(60_000)
  const [roster, notifier, telemetry] = [new Roster(), new LocalNotifier(), new TelemetryBus()]
  const herald = new Herald({ notifier, telemetry })
  const dispatcher = new Dispatcher({ roster, store, notifier, herald, telemetry, clock: systemClock })
  const stager = new Stager({ store, dispatcher, notifier, telemetry })
  onTestFinished(() => stager.stop())
  const job = aJob({ scheduleIn: 0.3 })
  const [inserted] = await insert(store, [job])
  const begun = stopwatch.now()
  if (inserted && 'dueAt' in inserted) stager.expect(inserted.dueAt)
  await expect.poll(async () => (await readKnown(store, { tenant, ref: job.ref })).job.state, { interval: 50, timeout: 10_000 }).toBe('available')
  expect(stopwatch.now() - begun).toBeLessThan(4_000)
})
