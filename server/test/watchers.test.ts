import { mintRef, type Outcome, type RefOutcome, systemClock, type WatchEvent } from '@anchorleg/shared'
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

function session(seesTraces = true): ClientSession & { events: WatchEvent[]; gone: string[]; outcomes: RefOutcome[] } {
  const events: WatchEvent[] = []
  const gone: string[] = []
  const outcomes: RefOutcome[] = []
  const tell = {
    outcomes: (some: RefOutcome[]) => void outcomes.push(...some),
    events: (some: WatchEvent[]) => void events.push(...some),
    expired: (refs: string[]) => void gone.push(...refs),
  }
  return { id: mintRef(), tenant: 'default', seesTraces, rooms: new Set(), watched: new Set(), events, gone, outcomes, tell }
}

const running: Watching = {
  type: 'job',
  jobId: '7',
  state: 'executing',
  attempt: 1,
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
  return { tenant: 'default', refs: [ref], jobId: '7', queue: 'q', name: 'n', state, dueAt: null, claimedAt: 0, insertedAt: 0, outcome }
}

test('what happens between join and read is not lost', async () => {
  const one = session()
  const ref = mintRef()
  const told = { tenant: 'default', refs: [ref] }
  const watchers: Watchers = watchersOver(running, () =>
    watchers.report(told, () => ({ ref, type: 'chunk', attempt: 1, index: 0, codec: 'd6', value: '[1]' })),
  )
  await watchers.watch(one, [{ ref }])
  expect(one.events).toMatchObject([{ type: 'chunk', index: 0 }])
})

test('an outcome comes behind the state it leads to, and the final one ends the watch', async () => {
  const one = session()
  const ref = mintRef()
  const watchers = watchersOver(running)
  await watchers.watch(one, [{ ref }])
  watchers.deliver([announcement(ref, failed), announcement(ref, ok)])
  watchers.deliver([announcement(ref, ok)])
  expect(one.events.map(({ type }) => type)).toEqual(['state', 'outcome', 'state', 'outcome'])
  expect([...watchers.lookups()]).toEqual([])
  expect(one.watched.size).toBe(0)
})

test('a claim and a return to the queue are told by the job’s id', async () => {
  const one = session()
  const ref = mintRef()
  const watchers = watchersOver(running)
  await watchers.watch(one, [{ ref }])
  const lane = { queue: 'q', name: 'n' }
  watchers.hear({ type: 'job.available', jobId: '7', attempt: 1, ...lane })
  watchers.hear({ type: 'job.claimed', jobId: '7', attempt: 2, worker: 'w', waitedMs: 0, lane })
  watchers.hear({ type: 'job.claimed', jobId: '8', attempt: 1, worker: 'w', waitedMs: 0, lane })
  expect(one.events).toMatchObject([
    { ref, type: 'state', state: 'available', attempt: 1 },
    { ref, type: 'state', state: 'executing', attempt: 2 },
  ])
})

describe('what happened at another hub', () => {
  const chunk = (index: number, attempt = 1) => ({ attempt, index, codec: 'd6', value: `[${index}]` })
  const brief = (event: WatchEvent) => {
    if (event.type === 'state') return `${event.state} ${event.attempt}`
    if (event.type === 'chunk') return `chunk ${event.attempt}.${event.index}`
    return event.type === 'outcome' ? `outcome ${event.outcome.number}` : `progress ${event.value}`
  }

  /** A watcher of a job that runs elsewhere; the store answers each time with the next of these. */
  async function watcherOf(...answers: Watching[]) {
    const one = session()
    const ref = mintRef()
    const asked: unknown[] = []
    const watch: Store['watch'] = async (watches) => {
      asked.push(watches[0]?.from)
      return [answers.shift() ?? running]
    }
    const watchers = new Watchers({ watch } as Partial<Store> as Store, systemClock)
    await watchers.watch(one, [{ ref }])
    return { one, watchers, asked, lookup: { tenant: 'default', ref } }
  }

  test('is read from where its room is, and told once', async () => {
    const more: Watching = { ...running, chunks: [chunk(2), chunk(3)], progress: { attempt: 1, codec: 'd6', value: '[0.5]' } }
    const { one, watchers, asked, lookup } = await watcherOf({ ...running, chunks: [chunk(0), chunk(1)] }, more, more)
    await watchers.reread([lookup])
    await watchers.reread([lookup])
    expect(asked).toEqual([undefined, { attempt: 1, index: 2, number: 0 }, { attempt: 1, index: 4, number: 0 }])
    expect(one.events.map(brief)).toEqual(['executing 1', 'progress [0.5]', 'chunk 1.2', 'chunk 1.3'])
  })

  test('is found by the job’s id too, when it moved', async () => {
    const { one, watchers } = await watcherOf({ ...running, state: 'available', attempt: 0 }, running)
    await watchers.moved(['8', '7'])
    expect(one.events.map(brief)).toEqual(['executing 1'])
  })

  test('comes in order, also when it is over: its run, its chunks, its outcome; then the watch has ended', async () => {
    const over: Watching = { ...running, state: 'completed', attempt: 2, chunks: [chunk(0, 2)], outcomes: [failed, ok] }
    const { one, watchers, lookup } = await watcherOf(running, over)
    await watchers.reread([lookup])
    expect(one.events.map(brief)).toEqual(['retryable 1', 'outcome 1', 'executing 2', 'chunk 2.0', 'completed 2', 'outcome 2'])
    expect([...watchers.lookups()]).toEqual([])
  })

  test('while it is read, what happens more is read after it', async () => {
    const { one, watchers, lookup, asked } = await watcherOf(running, { ...running, chunks: [chunk(0)] }, { ...running, chunks: [chunk(1)] })
    await Promise.all([watchers.reread([lookup]), watchers.reread([lookup])])
    expect(asked).toHaveLength(3)
    expect(one.events.map(brief)).toEqual(['executing 1', 'chunk 1.0', 'chunk 1.1'])
  })

  test('is told to be gone', async () => {
    const { one, watchers, lookup } = await watcherOf(running, { type: 'expired' })
    await watchers.reread([lookup])
    expect(one.gone).toEqual([lookup.ref])
  })
})

describe('a watch that has ended costs nothing', () => {
  const free = (watchers: Watchers) => expect([...watchers.lookups()]).toEqual([])

  test('after it was left', async () => {
    const one = session()
    const ref = mintRef()
    const watchers = watchersOver(running)
    await watchers.watch(one, [{ ref }])
    watchers.unwatch(one, ref)
    watchers.hear({ type: 'job.available', jobId: '7', attempt: 1, queue: 'q', name: 'n' })
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
  expect(JSON.stringify([found, page.events])).not.toContain('trace')
})
