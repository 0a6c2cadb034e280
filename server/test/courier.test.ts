import { mintRef, type Outcome, type RefOutcome } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { type ClientSession, Courier } from '#server/courier.js'
import { Roster } from '#server/roster.js'
import type { Announcement, Reading, Store } from '#server/store/store.js'

const ok: Outcome = { type: 'ok', codec: 'd6', value: '[1]', number: 2, attempt: 2, at: 0, final: true }
const failed: Outcome = {
  type: 'error',
  code: 'exception',
  message: 'm',
  name: 'Error',
  codec: 'd6',
  trace: '[{}]',
  number: 1,
  attempt: 1,
  at: 0,
  final: false,
  state: 'retryable',
}

function session(tenant = 'default', seesTraces = true): ClientSession & { got: RefOutcome[][] } {
  const got: RefOutcome[][] = []
  return {
    id: mintRef(),
    tenant,
    seesTraces,
    rooms: new Set(),
    got,
    watched: new Set(),
    tell: { outcomes: (outcomes) => void got.push(outcomes), events: () => {}, expired: () => {} },
  }
}

function announcement(ref: string, outcome: Outcome, tenant = 'default'): Announcement {
  const state = outcome.final ? 'completed' : 'retryable'
  const { attempt } = outcome
  const whose = { tenant, refs: [ref], jobId: '1', queue: 'q', name: 'n' }
  return { ...whose, run: attempt, attempt, state, dueAt: null, claimedAt: 0, outcome }
}

/** A store whose every read answers what the test says, after what the test does meanwhile. */
function storeThatReads(reading: Reading, meanwhile = () => {}): Store {
  const read: Store['read'] = async (lookups) => {
    meanwhile()
    return lookups.map(() => reading)
  }
  return { read } as Partial<Store> as Store
}

const job = { jobId: '1', queue: 'q', name: 'n', attempt: 1, dueAt: 0, paused: false }
const pending: Reading = { type: 'known', job: { ...job, state: 'executing' }, latest: null }
const courierOver = (store: Store) => new Courier(store, new Roster())

test('an outcome stored between join and read is not lost', async () => {
  const one = session()
  const ref = mintRef()
  const courier: Courier = courierOver(storeThatReads(pending, () => courier.deliver([announcement(ref, ok)])))
  await courier.attach(one, [{ ref, want: 'any' }])
  expect(one.got).toEqual([[{ ref, outcome: ok }]])
})

test('everyone who awaits a ref gets its outcome, once, and then leaves its room', () => {
  const [one, two] = [session(), session()]
  const ref = mintRef()
  const courier = courierOver(storeThatReads(pending))
  for (const each of [one, two]) courier.join(each, { ref, want: 'any' })
  courier.join(one, { ref, want: 'any' })
  courier.deliver([announcement(ref, ok)])
  courier.deliver([announcement(ref, ok)])
  expect([one.got, two.got]).toEqual([[[{ ref, outcome: ok }]], [[{ ref, outcome: ok }]]])
  expect(courier.size).toBe(0)
  expect(one.rooms.size).toBe(0)
})

test('outcomes of one turn go to a connection in one message', () => {
  const one = session()
  const refs = [mintRef(), mintRef(), mintRef()]
  const courier = courierOver(storeThatReads(pending))
  for (const ref of refs) courier.join(one, { ref, want: 'any' })
  courier.deliver(refs.map((ref) => announcement(ref, ok)))
  expect(one.got).toEqual([refs.map((ref) => ({ ref, outcome: ok }))])
})

test('who wants the final outcome is not told of earlier ones', () => {
  const one = session()
  const ref = mintRef()
  const courier = courierOver(storeThatReads(pending))
  courier.join(one, { ref, want: 'final' })
  courier.deliver([announcement(ref, failed)])
  expect(one.got).toEqual([])
  courier.deliver([announcement(ref, ok)])
  expect(one.got).toEqual([[{ ref, outcome: ok }]])
})

test('another tenant’s outcome of the same ref is never told', () => {
  const one = session('a')
  const ref = mintRef()
  const courier = courierOver(storeThatReads(pending))
  courier.join(one, { ref, want: 'any' })
  courier.deliver([announcement(ref, ok, 'b')])
  expect(one.got).toEqual([])
})

test('stacks and causes reach only those who may see them', async () => {
  const [worker, page] = [session('default', true), session('default', false)]
  const ref = mintRef()
  const courier = courierOver(storeThatReads({ type: 'known', job: { ...job, state: 'retryable' }, latest: failed }))
  for (const each of [worker, page]) courier.join(each, { ref, want: 'any' })
  courier.deliver([announcement(ref, failed)])
  expect(worker.got[0]?.[0]?.outcome).toHaveProperty('trace')
  expect(page.got[0]?.[0]?.outcome).not.toHaveProperty('trace')
  const [seen] = await courier.look(page, [{ ref, want: 'any' }])
  expect(seen).toMatchObject({ type: 'outcome', outcome: { code: 'exception' } })
  expect(JSON.stringify(seen)).not.toContain('trace')
})

describe('what was stored at another hub', () => {
  const known = (state: 'retryable' | 'completed' | 'available', latest: Outcome | null): Reading => ({
    type: 'known',
    job: { ...job, state },
    latest,
  })

  test.each([
    ['an outcome', known('retryable', failed), ['any']],
    ['the final one', known('completed', ok), ['any', 'final']],
    ['a final one of a job that was reopened', known('available', ok), ['any']],
    ['nothing yet', known('available', null), []],
    ['no job yet', { type: 'not_found' } as Reading, []],
  ])('reaches who awaits it: %s', async (_, reading, told) => {
    const [any, final] = [session(), session()]
    const ref = mintRef()
    const courier = courierOver(storeThatReads(reading))
    courier.join(any, { ref, want: 'any' })
    courier.join(final, { ref, want: 'final' })
    await courier.reread([{ tenant: 'default', ref }])
    await courier.reread([{ tenant: 'default', ref }])
    expect([any.got.length, final.got.length]).toEqual(['any', 'final'].map((want) => (told.includes(want) ? 1 : 0)))
  })

  test('is not read for those that nobody awaits here', async () => {
    const courier = courierOver(storeThatReads(pending, () => expect.fail('read')))
    await courier.reread([{ tenant: 'default', ref: mintRef() }])
    expect(courier.size).toBe(0)
  })

  test('or deleted there is told', async () => {
    const one = session()
    const gone: string[] = []
    one.tell.expired = (refs) => void gone.push(...refs)
    const ref = mintRef()
    const courier = courierOver(storeThatReads({ type: 'expired' }))
    courier.join(one, { ref, want: 'any' })
    await courier.reread([{ tenant: 'default', ref }])
    expect([gone, courier.size]).toEqual([[ref], 0])
  })
})

describe('an await that has ended costs nothing', () => {
  test('after it left', () => {
    const one = session()
    const wanted = { ref: mintRef(), want: 'any' } as const
    const courier = courierOver(storeThatReads(pending))
    courier.join(one, wanted)
    courier.leave(one, wanted)
    expect([courier.size, one.rooms.size]).toEqual([0, 0])
  })

  test('after its connection closed', () => {
    const one = session()
    const courier = courierOver(storeThatReads(pending))
    for (let i = 0; i < 3; i++) courier.join(one, { ref: mintRef(), want: 'final' })
    courier.leaveAll(one)
    expect(courier.size).toBe(0)
  })

  test('after a standing that answers it', async () => {
    for (const reading of [
      { type: 'not_found' },
      { type: 'expired' },
      { type: 'known', job: { ...job, state: 'completed' }, latest: ok },
    ] as Reading[]) {
      const courier = courierOver(storeThatReads(reading))
      await courier.attach(session(), [{ ref: mintRef(), want: 'final' }])
      expect(courier.size).toBe(0)
    }
  })

  test('after the store could not be read', async () => {
    const courier = courierOver(storeThatReads(pending, () => expect.fail('away')))
    await expect(courier.attach(session(), [{ ref: mintRef(), want: 'any' }])).rejects.toThrow('away')
    expect(courier.size).toBe(0)
  })
})
