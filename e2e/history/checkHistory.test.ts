import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkHistory } from '#e2e/history/checkHistory.js'
import type { Event, EventOf } from '#e2e/history/event.js'
import { type Fate, imagine, type Script } from '#e2e/history/imagine.js'

const fate = fc.constantFrom<Fate>('fails', 'crashes', 'crashes and settles late')
const wait = fc.record({ want: fc.constantFrom('any', 'final'), when: fc.constantFrom('early', 'late'), timesOut: fc.boolean() })
const script = fc.record({
  fates: fc.array(fate, { maxLength: 3 }).map((fates): Fate[] => [...fates, 'ok']),
  resubmits: fc.nat(2),
  awaits: fc.array(wait, { maxLength: 3 }),
}) as fc.Arbitrary<Script>

/** Jobs among which one had each kind of attempt and was awaited twice. */
const scripts = fc.array(script, { maxLength: 4 }).map((others): Script[] => [
  {
    fates: ['fails', 'crashes and settles late', 'ok'],
    resubmits: 1,
    awaits: [
      { want: 'final', when: 'early', timesOut: false },
      { want: 'final', when: 'late', timesOut: true },
    ],
  },
  ...others,
])

/** The rules that a history breaks, each once. */
function broken(events: readonly Event[], terms = {}): string[] {
  return [...new Set(checkHistory(events, terms).map(({ rule }) => rule))]
}

/** What the checker says of the first job. */
function said(events: readonly Event[]): string[] {
  return checkHistory(events)
    .filter(({ about }) => about === 'ref 0' || about === 'job 1')
    .map(({ rule, says }) => `${rule}: ${says}`)
}

/** An event of this type about the first job. */
function find<Type extends Event['type']>(
  events: readonly Event[],
  type: Type,
  match: (event: EventOf<Type>) => boolean = () => true,
): EventOf<Type> {
  return events.find((event) => event.type === type && isOfFirst(event) && match(event as EventOf<Type>)) as EventOf<Type>
}

function isOfFirst(event: Event): boolean {
  return ('ref' in event && event.ref === 'ref 0') || ('jobId' in event && event.jobId === '1')
}

function replace(events: readonly Event[], event: Event, ...by: Event[]): Event[] {
  return events.flatMap((each) => (each === event ? by : [each]))
}

/** Changes how the first job stands at the end. */
function atTheEnd(events: readonly Event[], change: (end: Extract<EventOf<'end'>, { standing: 'job' }>) => Partial<EventOf<'end'>>): Event[] {
  const end = find(events, 'end') as Extract<EventOf<'end'>, { standing: 'job' }>
  return replace(events, end, { ...end, ...change(end) } as Event)
}

/** Every submission of the first job is refused, as far as its caller knows. */
function allRefused(events: readonly Event[]): Event[] {
  return events.map((event): Event => {
    if (!isOfFirst(event) || (event.type !== 'ack' && event.type !== 'refusal')) return event
    return { at: event.at, by: event.by, type: 'refusal', ref: event.ref, code: 'rate_limited' }
  })
}

test('a history in which all went well breaks nothing', () => {
  fc.assert(
    fc.property(fc.array(script), (each) => {
      expect(checkHistory(imagine(each))).toEqual([])
    }),
  )
})

/** What may go wrong with the first job, and what the checker then says. */
const faults: Record<string, { says: string; plant: (events: Event[]) => Event[] }> = {
  'a job that was acknowledged is gone': {
    says: 'nothingLost: was acknowledged and is not_found at the end',
    plant: (events) => atTheEnd(events, () => ({ standing: 'not_found' })),
  },
  'a job that was acknowledged was not looked at': {
    says: 'nothingLost: was acknowledged and is not looked at',
    plant: (events) => replace(events, find(events, 'end')),
  },
  'a job never ends': {
    says: 'nothingLost: was acknowledged and is still available at the end',
    plant: (events) => atTheEnd(events, ({ outcomes }) => ({ state: 'available', outcomes: outcomes.slice(0, 2) })),
  },
  'a told outcome is not stored': {
    says: 'nothingLost: outcome 3 was told and is not stored',
    plant: (events) => atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => (each.final ? { ...each, print: 'other' } : each)) })),
  },
  'an acknowledged settlement is not stored': {
    says: 'nothingLost: a settlement of job 1 was acknowledged and is not stored',
    plant: (events) =>
      atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => (each.number === 1 ? { ...each, print: 'other' } : each)) })),
  },
  'an await is told that an acknowledged job is unknown': {
    says: 'nothingLost: was acknowledged, and an await behind that was told not_found',
    plant: (events) => {
      const result = find(events, 'result', ({ given }) => given.code === 'timeout')
      return replace(events, result, { ...result, given: { type: 'error', code: 'not_found' } })
    },
  },
  'an outcome number is missing': {
    says: 'settledOnce: its outcomes are numbered 1, 3, 4',
    plant: (events) =>
      atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => ({ ...each, number: each.number > 1 ? each.number + 1 : 1 })) })),
  },
  'two outcomes are final': {
    says: 'settledOnce: is completed, and 2 of its 3 outcomes are final',
    plant: (events) => atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => ({ ...each, final: each.number !== 2 })) })),
  },
  'a job that ended has no final outcome': {
    says: 'settledOnce: is completed, and 0 of its 3 outcomes are final',
    plant: (events) => atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => ({ ...each, final: false })) })),
  },
  'two runs settle': {
    says: 'settledOnce: a second run of job 1 was told that it settled it',
    plant: (events) => {
      const stale = find(events, 'verdict', ({ verdict }) => verdict === 'stale')
      return replace(events, stale, { ...stale, verdict: 'settled' })
    },
  },
  'the outcome came from the run of an attempt that crashed': {
    says: 'fences: outcome 3, of attempt 3, came from a run of attempt 2',
    plant: (events) => {
      const late = find(events, 'settle', ({ lease }) => lease === '1/2')
      return atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => (each.final ? { ...each, print: late.print } : each)) }))
    },
  },
  'an attempt that crashed settled later': {
    says: 'fences: attempt 2 crashed, and settled later',
    plant: (events) => atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => (each.final ? { ...each, attempt: 2 } : each)) })),
  },
  'a run whose lease was taken is told that it settled': {
    says: 'fences: a run whose lease was taken was told that it settled its job',
    plant: (events) => {
      const stale = find(events, 'verdict', ({ verdict }) => verdict === 'stale')
      return replace(events, stale, { ...stale, verdict: 'settled' })
    },
  },
  'the run that settled is told it is stale': {
    says: 'fences: the run whose outcome is stored last was told it is stale',
    plant: (events) => {
      const settled = find(events, 'verdict', ({ lease }) => lease === '1/3')
      return replace(events, settled, { ...settled, verdict: 'stale' })
    },
  },
  'nobody ran what is stored': {
    says: 'fences: outcome 3 came from no run of job 1',
    plant: (events) =>
      replace(
        events,
        find(events, 'settle', ({ lease }) => lease === '1/3'),
      ),
  },
  'two workers have one lease': {
    says: 'fences: two claims have the same lease',
    plant: (events) => {
      const claim = find(events, 'claim')
      return replace(events, claim, claim, { ...claim, by: 'worker 7' })
    },
  },
  'a claim replaced a lease that was held': {
    says: 'fences: attempt 2 of 3 has no outcome: its lease was replaced while it was held',
    plant: (events) =>
      atTheEnd(events, ({ outcomes }) => ({ outcomes: outcomes.map((each) => (each.number === 2 ? { ...each, attempt: 1 } : each)) })),
  },
  'two awaiters disagree': {
    says: 'agreement: there are two outcomes 3',
    plant: (events) => {
      const told = find(events, 'told')
      return replace(events, told, told, { ...told, by: 'another caller', outcome: { ...told.outcome, print: 'other' } })
    },
  },
  'an await gives what no outcome is': {
    says: 'agreement: an await gave what is no outcome of it',
    plant: (events) => {
      const result = find(events, 'result', ({ given }) => given.type === 'ok')
      return replace(events, result, { ...result, given: { ...result.given, print: 'other' } })
    },
  },
  'an await of the final outcome gives an earlier one': {
    says: 'agreement: an await of the final outcome gave outcome 1',
    plant: (events) => {
      const result = find(events, 'result', ({ given }) => given.type === 'ok')
      return replace(events, result, { ...result, given: { type: 'error', code: 'failed', print: 'print 1/1' } })
    },
  },
  'an await never ends': { says: 'honestAwaits: an await never ended', plant: (events) => replace(events, find(events, 'result')) },
  'nobody awaits again after a timeout': {
    says: 'honestAwaits: an await timed out, and none behind it got the result',
    plant: (events) => {
      const [last] = events.filter((event) => event.type === 'result' && event.ref === 'ref 0').slice(-1) as EventOf<'result'>[]
      return last ? replace(events, last, { ...last, given: { type: 'error', code: 'timeout' } }) : []
    },
  },
  'an await ends long after its outcome was stored': {
    says: 'promptAwaits: an await ended',
    plant: (events) => {
      const result = find(events, 'result', ({ given }) => given.type === 'ok')
      return replace(events, result, { ...result, at: result.at + 4_000 })
    },
  },
  'a resubmission makes another job': {
    says: 'oneJob: was run as 2 jobs: 1, 99',
    plant: (events) => {
      const start = find(events, 'start')
      return replace(events, start, start, { ...start, jobId: '99' })
    },
  },
  'a job runs that nobody submitted': {
    says: 'oneJob: ran, and nobody submitted it',
    plant: (events) => events.filter((event) => event.type !== 'submit' || event.ref !== 'ref 0'),
  },
  'a job runs for two refs': {
    says: 'oneJob: ran for 2 refs',
    plant: (events) => {
      const start = find(events, 'start')
      return replace(events, start, start, { ...start, ref: 'ref 99' })
    },
  },
  'what was refused is stored': {
    says: 'refusals: was refused (rate_limited, rate_limited), and there is a job of it',
    plant: (events) => allRefused(events).filter(({ type }) => type !== 'start'),
  },
  'a refused job runs': {
    says: 'refusals: was refused (rate_limited, rate_limited), and there is a job of it',
    plant: (events) => atTheEnd(allRefused(events), () => ({ standing: 'not_found' })),
  },
}

describe('the checker reports that', () => {
  for (const [name, { says, plant }] of Object.entries(faults)) {
    test(name, () => {
      fc.assert(
        fc.property(scripts, (each) => {
          expect(said(plant(imagine(each)))).toContainEqual(expect.stringContaining(says))
        }),
      )
    })
  }
})

describe('the checker lets pass', () => {
  const [one] = fc.sample(scripts, { numRuns: 1, seed: 1 }) as [Script[]]

  test('a job that has not ended, where the test did not wait for it', () => {
    const events = atTheEnd(imagine([{ ...(one[0] as Script), awaits: [] }]), ({ outcomes }) => ({
      state: 'executing',
      outcomes: outcomes.slice(0, 2),
    }))
    const waiting = events
      .filter(({ type, by }) => by !== 'caller' || type === 'submit' || type === 'ack')
      .filter((event) => !('lease' in event && event.lease === '1/3'))
    expect(broken(waiting)).toEqual(['nothingLost'])
    expect(broken(waiting, { pending: true })).toEqual([])
  })

  test('a late answer while something is broken, and for a while after', () => {
    const events = imagine(one)
    const result = find(events, 'result', ({ given }) => given.type === 'ok')
    const late = replace(events, result, { ...result, at: result.at + 4_000 })
    const fault = (phase: 'begins' | 'over', at: number): Event => ({ type: 'fault', what: 'hub killed', phase, at, by: 'test' })
    expect(broken(late)).toEqual(['promptAwaits'])
    expect(broken([...late, fault('begins', 0), fault('over', 1)])).toEqual([])
    expect(broken([...late, fault('begins', result.at + 1_000)])).toEqual([])
    expect(broken([...late, fault('begins', 0), fault('over', 1)], { calmMs: 0 })).toEqual(['promptAwaits'])
  })

  test('an await that its process took to its grave', () => {
    const events = imagine(one).filter(({ type }) => type !== 'bye')
    expect(broken(replace(events, find(events, 'result')))).toEqual([])
  })
})
