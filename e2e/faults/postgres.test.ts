import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, vi } from 'vitest'
import { Cluster } from '#e2e/faults/cluster.js'
import { Load } from '#e2e/faults/load.js'
import type { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import { PostgresServer } from '#e2e/harness/postgresServer.js'
import type { Wire } from '#e2e/harness/wire.js'
import type { Event } from '#e2e/history/event.js'
import { test as base, expectReady, expectWhole } from './test.js'

/** How long something stays broken, in ms: longer than a lease. `ANCHORLEG_FAULT_MS` makes it longer. */
const brokenMs = Number(process.env.ANCHORLEG_FAULT_MS ?? 5_000)

vi.setConfig({ testTimeout: 60_000 + 2 * brokenMs })

const hubs = 3

/** What each test breaks: three hubs on a PostgreSQL, with three workers and three callers, all under load. */
interface Stage {
  readonly cluster: Cluster
  readonly load: Load
}

const test = base.extend<{ $file: { server: PostgresServer }; $test: { stage: Stage } }>({
  server: [
    async ({}, use) => {
      await using server = await PostgresServer.start()
      await use(server)
    },
    { scope: 'file' },
  ],

  stage: async ({ server, house }: { server: PostgresServer; house: House }, use) => {
    await using cluster = await Cluster.lay(server, hubs)
    const load = await Load.start(house, { stores: cluster.stores, flags: ['--lease', '2000'], callers: 3, workers: 3, lanes: 4 })
    await load.more(60)
    await use({ cluster, load })
  },
})

/** Takes the database away from all hubs for a while. */
async function expectOutlived(stage: Stage, trouble: { begin(wire: Wire): void; end(wire: Wire): void }): Promise<Event[]> {
  const { load, cluster } = stage
  const partings = () => load.hubs.map(({ program }) => program.lines(({ msg, role }) => msg === 'peer.disconnected' && role === 'client').length)
  const before = partings()
  await load.whileBroken('the database is away', async () => {
    for (const wire of cluster.wires) trouble.begin(wire)
    await expectReady(load.hubs, false)
    await pause(brokenMs)
    expect(partings(), 'no caller was sent away').toEqual(before)
    for (const wire of cluster.wires) trouble.end(wire)
  })
  return expectWhole(load)
}

describe('under load on three hubs and one PostgreSQL every guarantee holds', () => {
  test('while nothing is broken', async ({ stage }) => {
    await expectWhole(stage.load)
  })

  test('when a hub is killed and stays away', async ({ stage }) => {
    const { load } = stage
    const [victim, ...left] = load.hubs as [HubProcess, HubProcess]
    await load.whileBroken('a hub is killed', async () => {
      await victim.stop('SIGKILL')
      await load.more(60)
    })
    await expectWhole(load, left)
  })

  test('when PostgreSQL ends as in a crash, and starts again', async ({ stage }) => {
    const { load, cluster } = stage
    await load.whileBroken('PostgreSQL restarts', () => cluster.server.restart('immediate'))
    await expectWhole(stage.load)
  })

  test('when the database takes no connection: hubs say so, keep their callers, and go on by themselves', async ({ stage }) => {
    const cut = (wire: Wire) => wire.cut({ down: true })
    const events = await expectOutlived(stage, { begin: cut, end: (wire) => wire.mend() })
    const refusals = events.flatMap((event) => (event.type === 'refusal' ? [event.code] : []))
    expect(refusals).toContain('store_unavailable')
  })

  test('when the database falls silent: hubs say so, keep their callers, and go on by themselves', async ({ stage }) => {
    await expectOutlived(stage, { begin: (wire) => wire.freeze(), end: (wire) => wire.thaw() })
  })

  test('when a hub sleeps past the leases, and goes on', async ({ stage }) => {
    const { load } = stage
    const [sleeper] = load.hubs as [HubProcess]
    await load.whileBroken('a hub sleeps', async () => {
      sleeper.program.signal('SIGSTOP')
      await pause(brokenMs)
      sleeper.program.signal('SIGCONT')
    })
    await expectWhole(stage.load)
  })

  test('when the network between a hub and the database is cut', async ({ stage }) => {
    const { load, cluster } = stage
    const [wire] = cluster.wires as [Wire]
    await load.whileBroken('a wire is cut', async () => {
      wire.cut({ down: true })
      await pause(brokenMs)
      wire.mend()
    })
    await expectWhole(stage.load)
  })
})
