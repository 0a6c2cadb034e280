import { endOfTurn, mintRef, systemClock, type WatchEvent } from '@anchorleg/shared'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '#server/store/openStore.js'
import { Watchers } from '#server/watchers.js'
import { aJob, claim, emitSome, gives, insert, leaseOf, only, settings, settle, tenant } from './store/conformance/harness.js'
import { freshSchema } from './store/postgres/freshSchema.js'

test('who watches at another hub is told all of a run, though the next had begun before anything could be read of it', async () => {
  const address = freshSchema()
  const [here, there] = await Promise.all([openStore(address, settings), openStore(address, settings)])
  onTestFinished(async () => {
    await Promise.all([here.close(), there.close()])
  })
  const watchers = new Watchers(there, systemClock)
  const job = aJob()
  await insert(here, [job])
  const events: WatchEvent[] = []
  const tell = { outcomes: () => {}, events: (some: WatchEvent[]) => void events.push(...some), expired: () => {} }
  const session = { id: mintRef(), tenant, seesTraces: true, rooms: new Set<string>(), watched: new Set<string>(), tell }
  await watchers.watch(session, [{ ref: job.ref }])

  const first = leaseOf(only(await claim(here)))
  await emitSome(here, first, 2)
  await settle(here, first, { ...gives.failed, backoff: 0 })
  await here.stage(1)
  const second = leaseOf(only(await claim(here)))
  await emitSome(here, second, 1)
  await settle(here, second, gives.ok)
  await watchers.reread([{ tenant, ref: job.ref }])
  await new Promise<void>((resolve) => endOfTurn(resolve))

  const brief = events.map((event) => {
    if (event.type === 'state') return `${event.state} ${event.attempt}`
    return event.type === 'chunk' ? `chunk ${event.attempt}.${event.index}` : `${event.type} ${event.attempt}`
  })
  expect(brief).toEqual([...['executing 1', 'chunk 1.0', 'chunk 1.1', 'outcome 1', 'available 1'], ...['executing 2', 'chunk 2.0', 'outcome 2']])
})
