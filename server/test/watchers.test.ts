import { endOfTurn, mintRef, type Outcome, systemClock, type WatchEvent } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { ClientSession } from '#server/courier.js'
import type { Announcement, Store, Watching } from '#server/store/store.js'
import { Watchers } from '#server/watchers.js'

const failed: Outcome = {
  type: 'error',
  code: 'exception',
  message: 'm',
  codec: 'd6',
  trace: '[{}]',
  number: 1,
  attempt: 1,
  at: 5,
  final: false,
  state: 'retryable',
}
const ok: Outcome = { type: 'ok', codec: 'd6', value: '[1]', number: 2, attempt: 2, at: 6, final: true }

/** What a session was told, and in how many goes. */
interface Heard {
  readonly events: WatchEvent[]
  readonly frames: WatchEvent[][]
  readonly gone: string[]
}

function session(seesTraces = true): ClientSession & Heard {
  const frames: WatchEvent[][] = []
  const gone: string[] = []
  const tell = {
    outcomes: () => {},
    events: (some: WatchEvent[]) => void frames.push(some),
    expired: (refs: string[]) => void gone.push(...refs),
  }
  const own = { id: mintRef(), tenant: 'default', seesTraces, rooms: new Set<string>(), watched: new Set<string>() }
  return {
    ...own,
    tell,
    frames,
    gone,
    get events() {
      return frames.flat()
    },
  }
}

const running: Watching = {
  type: 'job',
  jobId: '7',
  state: 'executing',
  attempt: 1,
  run: 1,
  after: 0,
  at: 0,
  progress: null,
  chunks: [],
  outcomes: [],
  more: false,
}

function watchersOver(found: Watching, meanwhile = () => {}): Watchers {
  const watch: Store['watch'] = async (watches) => {
    meanwhile()
    return watches.map(() => found)
  }
  return new Watchers({ watch } as Partial<Store> as Store, systemClock)
}

function announcement(ref: string, outcome: Outcome): Announcement {
  const state = outcome.final ? 'completed' : 'retryable'
  const { attempt } = outcome
  const whose = { tenant: 'default', refs: [ref], jobId: '7', queue: 'q', name: 'n' }
  return { ...whose, run: attempt, attempt, state, dueAt: null, claimedAt: 0, outcome }
}

/** Watchers over a store that holds at each time what is set. */
function watchersOverChanging(found: Watching): { watchers: Watchers; store: { found: Watching; cursors: unknown[] } } {
  const store = { found, cursors: [] as unknown[] }
  const watch: Store['watch'] = async (watches) =>
    watches.map(({ from }) => {
      store.cursors.push(from)
      return store.found
    })
  return { watchers: new Watchers({ watch } as Partial<Store> as Store, systemClock), store }
}

/** What was told has been heard. */
const heard = () => new Promise<void>((resolve) => endOfTurn(resolve))

const chunk = (ref: string, index: number): WatchEvent => ({ ref, type: 'chunk', run: 1, attempt: 1, index, codec: 'd6', value: '[1]' })

test('what happens between join and read is not lost', async () => {
  const one = session()
  const ref = mintRef()
  const told = { tenant: 'default', refs: [ref] }
  const watchers: Watchers = watchersOver(running, () => watchers.report(told, () => chunk(ref, 0)))
  await watchers.watch(one, [{ ref }])
  await heard()
  expect(one.events).toMatchObject([{ type: 'chunk', index: 0 }])
})

test('an outcome brings the state and the attempt it leads to, and the final one ends the watch', async () => {
  const one = session()
  const ref = mintRef()
  const watchers = watchersOver(running)
  await watchers.watch(one, [{ ref }])
  const snoozed: Outcome = { type: 'snooze', seconds: 1, number: 1, attempt: 1, at: 5, final: false }
  watchers.deliver([{ ...announcement(ref, snoozed), state: 'scheduled', attempt: 0 }, announcement(ref, ok)])
  watchers.deliver([announcement(ref, ok)])
  await heard()
  expect(one.events).toMatchObject([
    { type: 'outcome', run: 1, state: 'scheduled', attempt: 0, outcome: snoozed },
    { type: 'outcome', run: 2, state: 'completed', attempt: 2, outcome: ok },
  ])
  expect([...watchers.lookups()]).toEqual([])
  expect(one.watched.size).toBe(0)
})

test('a claim and a return to the queue are told by the job’s id', async () => {
  const one = session()
  const ref = mintRef()
  const watchers = watchersOver(running)
  await watchers.watch(one, [{ ref }])
  const lane = { queue: 'q', name: 'n' }
  watchers.hear({ type: 'job.available', jobId: '7', attempt: 1, run: 1, ...lane })
  watchers.hear({ type: 'job.claimed', jobId: '7', attempt: 2, run: 2, worker: 'w', waitedMs: 0, lane })
  watchers.hear({ type: 'job.claimed', jobId: '8', attempt: 1, run: 1, worker: 'w', waitedMs: 0, lane })
  await heard()
  expect(one.events).toMatchObject([
    { ref, type: 'state', state: 'available', attempt: 1, run: 1 },
    { ref, type: 'state', state: 'executing', attempt: 2, run: 2 },
  ])
})

test('what one turn brings is told in one go, in order, to each what it watches', async () => {
  const [one, other] = [session(), session()]
  const [ref, alias] = [mintRef(), mintRef()]
  const watchers = watchersOver(running)
  await watchers.watch(one, [{ ref }, { ref: alias }])
  await watchers.watch(other, [{ ref }])
  const told = { tenant: 'default', refs: [ref, alias] }
  for (const index of [0, 1]) watchers.report(told, (each) => chunk(each, index))
  watchers.deliver([announcement(ref, ok)])
  await heard()
  watchers.report(told, (each) => chunk(each, 2))
  await heard()
  const brief = ({ frames }: Heard) => frames.map((events) => events.map((event) => [event.ref === ref, 'index' in event && event.index]))
  expect(brief(one)).toEqual([
    [
      [true, 0],
      [false, 0],
      [true, 1],
      [false, 1],
      [true, false],
    ],
    [[false, 2]],
  ])
  expect(brief(other)).toEqual([
    [
      [true, 0],
      [true, 1],
      [true, false],
    ],
  ])
})

test('a watch that ended while the store was read, of a job that was reopened then, is to be asked for again', async () => {
  const one = session()
  const ref = mintRef()
  const watchers: Watchers = watchersOver({ ...running, state: 'available' }, () => watchers.deliver([announcement(ref, ok)]))
  expect(await watchers.watch(one, [{ ref }])).toMatchObject([{ state: 'available', more: true }])
  expect([...watchers.lookups()]).toEqual([])
})

test('a watch whose connection closed while the store was read leaves nothing behind', async () => {
  const one = session()
  const ref = mintRef()
  const watchers: Watchers = watchersOver(running, () => watchers.leaveAll(one))
  await watchers.watch(one, [{ ref }])
  expect([...watchers.lookups()]).toEqual([])
})

describe('a watch that has ended costs nothing', () => {
  const free = (watchers: Watchers) => expect([...watchers.lookups()]).toEqual([])

  test('after it was left', async () => {
    const one = session()
    const ref = mintRef()
    const watchers = watchersOver(running)
    await watchers.watch(one, [{ ref }])
    watchers.unwatch(one, ref)
    watchers.hear({ type: 'job.available', jobId: '7', attempt: 1, run: 1, queue: 'q', name: 'n' })
    await heard()
    expect(one.events).toEqual([])
    free(watchers)
  })

  test('after its connection closed', async () => {
    const one = session()
    const ref = mintRef()
    const watchers = watchersOver(running)
    await watchers.watch(one, [{ ref }])
    watchers.leaveAll(one)
    free(watchers)
  })

  test.each<Watching>([{ type: 'not_found' }, { type: 'expired' }, { ...running, state: 'completed', outcomes: [ok] }])(
    'when there is nothing more to come: $type',
    async (found) => {
      const ref = mintRef()
      const watchers = watchersOver(found)
      await watchers.watch(session(), [{ ref }])
      free(watchers)
    },
  )

  test('after its job was deleted, of which it is told', async () => {
    const one = session()
    const ref = mintRef()
    const watchers = watchersOver(running)
    await watchers.watch(one, [{ ref }])
    watchers.expired([{ tenant: 'default', ref }])
    expect(one.gone).toEqual([ref])
    free(watchers)
  })
})

test('stacks and causes reach only those who may see them', async () => {
  const page = session(false)
  const ref = mintRef()
  const watchers = watchersOver({ ...running, outcomes: [failed] })
  const [found] = await watchers.watch(page, [{ ref }])
  watchers.deliver([announcement(ref, failed)])
  await heard()
  expect(page.events).toHaveLength(1)
  expect(JSON.stringify([found, page.events])).not.toContain('trace')
})

describe('what was stored elsewhere is told from where its watchers are', () => {
  const brief = ({ events }: Heard) =>
    events.map((event) => {
      const what = {
        state: 'state' in event && event.state,
        index: 'index' in event && event.index,
        number: 'outcome' in event && event.outcome.number,
      }
      return [event.type, event.run, what.number || what.state || what.index]
    })
  const stored = (...indexes: number[]) => indexes.map((index) => ({ attempt: 1, index, codec: 'd6', value: '[1]' }))
  const waiting = { ...running, state: 'available', attempt: 0, run: 0 } as const

  test('the run that began, its chunks, its outcome and that its job waits again', async () => {
    const one = session()
    const ref = mintRef()
    const { watchers, store } = watchersOverChanging(waiting)
    await watchers.watch(one, [{ ref }])
    store.found = { ...running, state: 'available', chunks: stored(0, 1), outcomes: [failed] }
    await watchers.reread([{ tenant: 'default', ref }])
    await heard()
    expect(brief(one)).toEqual([
      ['state', 1, 'executing'],
      ['chunk', 1, 0],
      ['chunk', 1, 1],
      ['outcome', 1, 1],
      ['state', 1, 'available'],
    ])
    store.found = { ...store.found, chunks: [], outcomes: [] }
    await watchers.reread([{ tenant: 'default', ref }])
    await heard()
    expect(one.events).toHaveLength(5)
    expect(store.cursors).toEqual([undefined, { run: 0, index: 0, number: 0 }, { run: 1, index: 2, number: 1 }])
  })

  test('an outcome comes before the run behind it, also when that was heard of first', async () => {
    const [late, early] = [session(), session()]
    const [ref, other] = [mintRef(), mintRef()]
    const { watchers, store } = watchersOverChanging(running)
    await watchers.watch(late, [{ ref }])
    store.found = { ...running, run: 2, attempt: 2, after: 1, chunks: stored(0), outcomes: [failed] }
    await watchers.reread([{ tenant: 'default', ref }])
    await heard()
    expect(brief(late)).toEqual([
      ['outcome', 1, 1],
      ['state', 1, 'available'],
      ['state', 2, 'executing'],
      ['chunk', 2, 0],
    ])
    watchers.unwatch(late, ref)
    const again = watchersOverChanging(running)
    await again.watchers.watch(early, [{ ref: other }])
    again.watchers.hear({ type: 'job.claimed', jobId: '7', attempt: 2, run: 2, worker: 'w', waitedMs: 0, lane: { queue: 'q', name: 'n' } })
    again.store.found = { ...store.found, chunks: [] }
    await again.watchers.reread([{ tenant: 'default', ref: other }])
    await heard()
    expect(brief(early)).toEqual([
      ['state', 2, 'executing'],
      ['outcome', 1, 1],
    ])
  })

  test('what was told meanwhile is not told again', async () => {
    const one = session()
    const ref = mintRef()
    const told = { tenant: 'default', refs: [ref] }
    const { watchers, store } = watchersOverChanging({ ...running, chunks: stored(0) })
    await watchers.watch(one, [{ ref }])
    store.found = { ...running, progress: { attempt: 1, codec: 'd6', value: '[5]' }, chunks: stored(1, 2) }
    const reading = watchers.reread([{ tenant: 'default', ref }])
    watchers.report(told, () => ({ ref, type: 'progress', run: 1, attempt: 1, codec: 'd6', value: '[5]' }))
    watchers.report(told, () => chunk(ref, 1))
    await reading
    await heard()
    expect(brief(one)).toEqual([
      ['progress', 1, false],
      ['chunk', 1, 1],
      ['chunk', 1, 2],
    ])
    store.found = { ...running, state: 'retryable', outcomes: [failed] }
    const readingOn = watchers.reread([{ tenant: 'default', ref }])
    watchers.deliver([announcement(ref, failed)])
    await readingOn
    await heard()
    expect(brief(one).slice(3)).toEqual([['outcome', 1, 1]])
  })

  test('page by page, and the final outcome ends the watch', async () => {
    const one = session()
    const ref = mintRef()
    const { watchers, store } = watchersOverChanging(running)
    await watchers.watch(one, [{ ref }])
    const pages: Watching[] = [
      { ...running, state: 'completed', chunks: stored(0), more: true },
      { ...running, state: 'completed', chunks: stored(1), outcomes: [{ ...ok, number: 1 }] },
    ]
    Object.defineProperty(store, 'found', { get: () => pages.shift() })
    await watchers.reread([{ tenant: 'default', ref }])
    await heard()
    expect(brief(one)).toEqual([
      ['chunk', 1, 0],
      ['chunk', 1, 1],
      ['outcome', 1, 1],
    ])
    expect([...watchers.lookups()]).toEqual([])
    expect(one.watched.size).toBe(0)
  })

  test.each(['here', 'elsewhere'])('a run that began %s while the first answer was read is not missed', async (where) => {
    const one = session()
    const ref = mintRef()
    const store = { found: waiting as Watching, meanwhile: () => {} }
    const watch: Store['watch'] = async (watches) => {
      const found = watches.map(() => store.found)
      store.meanwhile()
      return found
    }
    const watchers = new Watchers({ watch } as Partial<Store> as Store, systemClock)
    store.meanwhile = () => {
      store.meanwhile = () => {}
      store.found = running
      if (where === 'elsewhere') void watchers.moved(['7'])
      else watchers.hear({ type: 'job.claimed', jobId: '7', attempt: 1, run: 1, worker: 'w', waitedMs: 0, lane: { queue: 'q', name: 'n' } })
    }
    expect(await watchers.watch(one, [{ ref }])).toMatchObject([{ state: 'available', run: 0 }])
    await heard()
    expect(brief(one)).toEqual([['state', 1, 'executing']])
  })
})
