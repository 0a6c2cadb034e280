import { codecTag, endOfTurn, type Lease, mintRef, systemClock, type WatchEvent } from '@anchorleg/shared'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import type { Store } from '#server/store/store.js'
import { Watchers } from '#server/watchers.js'
import { aJob, claim, emitSome, gives, insert, leaseOf, only, settings, settle, tenant } from './store/conformance/harness.js'
import { freshSchema } from './store/postgres/freshSchema.js'

/** Two hubs' stores over the same data, a job at one, and who watches it at the other. */
async function watchElsewhere() {
  const address = freshSchema()
  const [here, there] = await Promise.all([openStore(address, settings), openStore(address, settings)])
  onTestFinished(async () => {
    await Promise.all([here.close(), there.close()])
  })
  const watchers = new Watchers(there, systemClock)
  const job = aJob()
  await insert(here, [job])
  const events: WatchEvent[] = []
  const tellings = { outcomes: () => {}, events: (some: WatchEvent[]) => void events.push(...some), expired: () => {} }
  const session = { id: mintRef(), tenant, seesTraces: true, rooms: new Set<string>(), watched: new Set<string>(), tell: tellings }
  await watchers.watch(session, [{ ref: job.ref }])
  /** What the watcher is told once its hub reads what has happened. */
  const told = async () => {
    await watchers.reread([{ tenant, ref: job.ref }])
    await new Promise<void>((resolve) => endOfTurn(resolve))
    return events.splice(0).map(brief)
  }
  return { here, told }
}

function brief(event: WatchEvent): string {
  if (event.type === 'state') return `${event.state} ${event.attempt}`
  return event.type === 'chunk' ? `chunk ${event.attempt}.${event.index}` : `${event.type} ${event.attempt}`
}

async function begin(store: Store): Promise<Lease> {
  await store.stage(1)
  return leaseOf(only(await claim(store)))
}

const fail = (store: Store, lease: Lease) => settle(store, lease, { ...gives.failed, backoff: 0 })
const tell = (store: Store, lease: Lease, value: string) => store.progress([{ ...lease, codec: codecTag, value }])

test('who watches at another hub is told all of a run, though the next had begun before anything could be read of it', async () => {
  const { here, told } = await watchElsewhere()
  const first = await begin(here)
  await emitSome(here, first, 2)
  await tell(here, first, '[1]')
  await fail(here, first)
  const second = await begin(here)
  await emitSome(here, second, 1)
  await settle(here, second, gives.ok)
  expect(await told()).toEqual([
    ...['executing 1', 'chunk 1.0', 'chunk 1.1', 'progress 1', 'outcome 1', 'available 1'],
    ...['executing 2', 'chunk 2.0', 'outcome 2'],
  ])
})

test('who watches at another hub is told the last progress of a run, though it was over before that could be read', async () => {
  const { here, told } = await watchElsewhere()
  const first = await begin(here)
  await tell(here, first, '[1]')
  expect(await told()).toEqual(['executing 1', 'progress 1'])
  await tell(here, first, '[2]')
  await fail(here, first)
  const second = await begin(here)
  expect(await told()).toEqual(['progress 1', 'outcome 1', 'available 1', 'executing 2'])
  await tell(here, second, '[3]')
  await settle(here, second, gives.ok)
  expect(await told()).toEqual(['progress 2', 'outcome 2'])
})

test('and nothing of it twice, where nothing came after what was read', async () => {
  const { here, told } = await watchElsewhere()
  const first = await begin(here)
  await emitSome(here, first, 1)
  await tell(here, first, '[1]')
  expect(await told()).toEqual(['executing 1', 'progress 1', 'chunk 1.0'])
  await fail(here, first)
  await begin(here)
  expect(await told()).toEqual(['outcome 1', 'available 1', 'executing 2'])
  expect(await told()).toEqual([])
})

test('of runs before the last two, who watches at another hub is told the outcomes', async () => {
  const { here, told } = await watchElsewhere()
  for (let run = 1; run <= 3; run++) {
    const lease = await begin(here)
    await emitSome(here, lease, 1)
    await (run < 3 ? fail(here, lease) : settle(here, lease, gives.ok))
  }
  expect(await told()).toEqual([
    ...['outcome 1', 'available 1', 'executing 2', 'chunk 2.0', 'outcome 2'],
    ...['available 2', 'executing 3', 'chunk 3.0', 'outcome 3'],
  ])
})
