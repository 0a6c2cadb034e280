import type { Outcome, Unique } from '@anchorleg/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Kind, lay, raise } from '#server/store/sqlite/flat.js'
import * as kinds from '#server/store/sqlite/kinds.js'
import type { Announcement, Claimed, Inserted, Insertion, Settled } from '#server/store/store.js'
import { aJob } from '../conformance/harness.js'

const text = fc.string({ unit: 'binary' })
const count = fc.integer()
const meta = fc.oneof(fc.constant({}), fc.constant({ a: [1, null] } as Insertion['job']['meta']))
const state = fc.constantFrom('available' as const, 'scheduled' as const, 'completed' as const)
const sealed = { codec: text, value: text }
const value = fc.record({ type: fc.constantFrom('ok' as const, 'cancel' as const, 'discard' as const), ...sealed })
const snooze = fc.record({ type: fc.constant('snooze' as const), seconds: count })
const failure = fc.record({ type: fc.constant('error' as const), code: fc.constant('failed' as const), message: text, ...sealed })

const insertion: fc.Arbitrary<Insertion> = fc.record(
  {
    tenant: text,
    unit: count,
    job: fc.record(
      {
        ...{ ref: text, name: text, queue: text, priority: count, maxAttempts: count, codec: text, args: text, meta, tags: fc.array(text) },
        ...{ timeout: count, scheduleIn: count, scheduledAt: count, trace: text, cancelOnDisconnect: fc.constant(true as const) },
        unique: fc.record({ key: text, states: fc.constant<Unique['states']>(['available']) }),
      },
      { requiredKeys: ['ref', 'name', 'queue', 'priority', 'maxAttempts', 'codec', 'args', 'meta', 'tags'] },
    ),
  },
  { requiredKeys: ['tenant', 'job'] },
)
const inserted: fc.Arbitrary<Inserted> = fc.oneof(
  fc.record({
    type: fc.constantFrom('inserted' as const, 'existing' as const),
    ...{ conflict: fc.boolean(), jobId: text, state, queue: text, name: text, dueAt: count },
  }),
  fc.constant<Inserted>({ type: 'refused', refusal: { code: 'expired', message: 'gone' } }),
)
const claimed: fc.Arbitrary<Claimed> = fc.record({
  ...{ worker: text, run: count },
  assignment: fc.record(
    {
      ...{ jobId: text, lease: text, name: text, queue: text, attempt: count, maxAttempts: count },
      ...{ scheduledAt: count, meta, codec: text, args: text, timeout: count, trace: text },
    },
    { requiredKeys: ['jobId', 'lease', 'name', 'queue', 'attempt', 'maxAttempts', 'scheduledAt', 'meta', 'codec', 'args'] },
  ),
})
const settlement = fc.record(
  { jobId: text, lease: text, outcome: fc.oneof(value, snooze, failure), chunks: count },
  { requiredKeys: ['jobId', 'lease', 'outcome'] },
)
const outcome = fc
  .tuple(
    fc.oneof(value, snooze, failure),
    fc.record(
      { number: count, attempt: count, final: fc.boolean(), at: count, chunks: count },
      { requiredKeys: ['number', 'attempt', 'final', 'at'] },
    ),
  )
  .map(([given, header]) => ({ ...given, ...header }) as Outcome)
const announcement: fc.Arbitrary<Announcement> = fc.record({
  ...{ tenant: text, refs: fc.array(text), jobId: text, queue: text, name: text, attempt: count, run: count, state },
  ...{ dueAt: fc.option(count), claimedAt: count, outcome },
})
const settled: fc.Arbitrary<Settled> = fc.oneof(
  fc.record({ type: fc.constant('settled' as const), announcement: fc.option(announcement) }),
  fc.constant<Settled>({ type: 'stale' }),
)

test('what goes to the other thread laid flat comes as it was', () => {
  comesAsItWas(kinds.insertions, insertion)
  comesAsItWas(kinds.inserted, inserted)
  comesAsItWas(kinds.claimed, claimed)
  comesAsItWas(kinds.settlements, settlement)
  comesAsItWas(kinds.settled, settled)
})

function comesAsItWas<Thing>(kind: Kind<Thing>, things: fc.Arbitrary<Thing>): void {
  const holds = (list: Thing[]) => {
    const copy = structuredClone(lay(kind, list))
    expect(raise(kind, copy)).toStrictEqual(list)
  }
  fc.assert(fc.property(fc.array(things.map((thing) => structuredClone(thing))), holds))
}

test('an ordinary job is laid flat: ten values, none of them an object', () => {
  const flat = lay(kinds.insertions, [{ tenant: 'acme', job: aJob() }])
  expect(flat).toHaveLength(kinds.insertions.width)
  expect(flat.filter((value) => typeof value === 'object')).toEqual([])
})
