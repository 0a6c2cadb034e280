import { describe, expect, vi } from 'vitest'
import { Cluster } from '#e2e/faults/cluster.js'
import { stint } from '#e2e/faults/jobs.js'
import { Load } from '#e2e/faults/load.js'
import type { House } from '#e2e/harness/house.js'
import { PostgresServer } from '#e2e/harness/postgresServer.js'
import { Wire } from '#e2e/harness/wire.js'
import { checkHistory } from '#e2e/history/checkHistory.js'
import { test as base, expectReady, expectWhole } from './test.js'

vi.setConfig({ testTimeout: 90_000 })

/** What each test breaks: hubs on a primary, which a standby follows over a wire, all under load. */
interface Stage {
  readonly cluster: Cluster
  readonly primary: PostgresServer
  readonly standby: PostgresServer
  /** What the standby hears of the primary. */
  readonly replication: Wire
  readonly load: Load
}

const test = base.extend<{ stage: Stage; settings: string[]; hubs: number }>({
  settings: ['synchronous_standby_names=standby'],
  hubs: 3,

  stage: async ({ house, settings, hubs }: { house: House; settings: string[]; hubs: number }, use) => {
    await using primary = await PostgresServer.start(settings)
    await using replication = await Wire.open(primary.port)
    await using standby = await primary.standby(replication.port)
    await using cluster = await Cluster.lay(primary, hubs)
    const load = await Load.start(house, { stores: cluster.stores, flags: ['--lease', '2000'], callers: hubs, workers: hubs, lanes: 4 })
    await load.more(60)
    await use({ cluster, primary, standby, replication, load })
  },
})

describe('on a primary with a standby', () => {
  test('every guarantee holds when the primary dies; until the standby is promoted hubs say that they cannot work', async ({ stage, house }) => {
    const { cluster, primary, standby, load } = stage
    const caller = house.connect(load.hubs)
    await caller.ready
    await load.whileBroken('the primary dies', async () => {
      await primary.stop('killed')
      cluster.moveTo(standby)
      await expectReady(load.hubs, false)
      await expect(caller.async(stint.new({ ref: '', ms: 0, failures: 0 }))).rejects.toMatchObject({ code: 'store_unavailable' })
      await standby.promote()
    })
    await expectWhole(load)
  })

  test('every guarantee holds while the synchronous standby is silent; hubs say that they cannot work, and go on by themselves', async ({
    stage,
  }) => {
    const { replication, load } = stage
    await load.whileBroken('the standby is silent', async () => {
      replication.freeze()
      await expectReady(load.hubs, false)
      replication.thaw()
    })
    await expectWhole(load)
  })

  describe('that is not waited for, and lags', () => {
    test.override({ settings: [], hubs: 1 })

    test('the checker tells what was acknowledged and is lost when the primary dies', async ({ stage }) => {
      const { cluster, primary, standby, replication, load } = stage
      replication.freeze()
      await load.more(30)
      await primary.stop('killed')
      await standby.promote()
      cluster.moveTo(standby)
      await expectReady(load.hubs, true)
      const said = checkHistory(await load.finish()).map(({ rule, says }) => `${rule}: ${says}`)
      expect(said).toContain('nothingLost: was acknowledged and is not_found at the end')
    })
  })
})
