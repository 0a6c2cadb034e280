import fc from 'fast-check'

/** What happens to a store, in any order. Numbers pick among what is there: tokens ever given, refs ever sent. */
export type Step =
  | { readonly does: 'insert'; readonly entries: readonly Entry[]; readonly unit: boolean; readonly wish: Wish | null }
  | { readonly does: 'claim'; readonly wishes: readonly Wish[] }
  | { readonly does: 'settle'; readonly token: Pick; readonly given: Given; readonly wish: Wish | null }
  | { readonly does: 'renew'; readonly token: Pick; readonly minutes: number; readonly worker: string | undefined }
  | { readonly does: 'shorten'; readonly token: Pick; readonly minutes: number; readonly worker: string }
  | { readonly does: 'release' | 'progress' | 'held'; readonly token: Pick }
  | { readonly does: 'emit'; readonly token: Pick; readonly from: 'next' | 'again' | 'beyond'; readonly count: number }
  | { readonly does: 'cancel' | 'watch'; readonly ref: number; readonly of: Among }
  | { readonly does: 'retry' | 'inspect' | 'attend'; readonly ref: number }
  | { readonly does: 'pass'; readonly minutes: number }
  | { readonly does: 'queue'; readonly queue: string; readonly paused?: boolean; readonly limit?: number | null }
  /** Young is half a minute more than whole ones, so that nothing is exactly as old. */
  | { readonly does: 'expire'; readonly youngMinutes?: number }
  | { readonly does: 'stage' | 'prune' | 'reopen' | 'abandoned' | 'measure' }

/** A new job, or one that was sent before, as it was or altered. */
export type Entry =
  | { readonly type: 'fresh'; readonly tenant: string; readonly job: Spec }
  | { readonly type: 'again'; readonly which: number; readonly altered: boolean }

export interface Spec {
  readonly name: string
  readonly queue: string
  readonly priority: number
  readonly maxAttempts: number
  readonly minutes: number
  readonly unique: { readonly key: string; readonly minutes: number | null; readonly finishedToo: boolean } | null
  readonly attended: boolean
}

export interface Wish {
  readonly queue: string
  readonly names: readonly string[]
  readonly limit: number
}

/** A token: of those that count, of all that were ever given, or the one of the job that has told of itself last, if it counts. */
export interface Pick {
  readonly of: 'held' | 'any' | 'last'
  readonly which: number
}

/** Which refs are chosen from: any, those whose job runs, those whose job has told of itself, or of the job that did so last. */
export type Among = 'any' | 'running' | 'telling' | 'last'

export type Given =
  | { readonly type: 'ok' }
  | { readonly type: 'cancel' }
  | { readonly type: 'discard' }
  | { readonly type: 'snooze'; readonly minutes: number }
  | { readonly type: 'error'; readonly code: 'failed' | 'job_timeout' | 'invalid_args'; readonly minutes: number | null }

const pass = (minutes: number): Step => ({ does: 'pass', minutes })
const often = <T>(arbitrary: fc.Arbitrary<T>, weight: number) => ({ arbitrary, weight })
const queue = fc.constantFrom('q1', 'q1', 'q2')
const token: fc.Arbitrary<Pick> = fc.record({ of: fc.constantFrom('held', 'held', 'last', 'any'), which: fc.nat(99) })
const ref = fc.nat(99)
const worker = fc.constantFrom('w0', 'w0', 'w1', 'elsewhere')

const spec: fc.Arbitrary<Spec> = fc.record({
  name: fc.constantFrom('a', 'b'),
  queue,
  priority: fc.constantFrom(0, 0, 1),
  maxAttempts: fc.constantFrom(1, 2, 3, 3, 25),
  minutes: fc.constantFrom(0, 0, 0, 1, 5),
  unique: fc.option(fc.record({ key: fc.constantFrom('k1', 'k1', 'k2'), minutes: fc.constantFrom(null, 3, 15), finishedToo: fc.boolean() }), {
    freq: 2,
  }),
  attended: fc.constantFrom(false, false, true),
})

const entry: fc.Arbitrary<Entry> = fc.oneof(
  often(fc.record({ type: fc.constant('fresh' as const), tenant: fc.constantFrom('t1', 't1', 't2'), job: spec }), 5),
  often(fc.record({ type: fc.constant('again' as const), which: fc.nat(99), altered: fc.boolean() }), 1),
)

const wish: fc.Arbitrary<Wish> = fc.record({
  queue,
  names: fc.constantFrom(['a', 'b'], ['a', 'b'], ['a', 'b'], ['a'], ['b', 'none']),
  limit: fc.constantFrom(0, 1, 2, 3, 4),
})

const given: fc.Arbitrary<Given> = fc.oneof(
  often(fc.record({ type: fc.constantFrom('ok' as const, 'ok' as const, 'cancel' as const, 'discard' as const) }), 3),
  often(fc.record({ type: fc.constant('snooze' as const), minutes: fc.constantFrom(0, 1, 5) }), 2),
  often(
    fc.record({
      type: fc.constant('error' as const),
      code: fc.constantFrom('failed' as const, 'failed' as const, 'job_timeout' as const, 'invalid_args' as const),
      minutes: fc.constantFrom(null, null, 0, 2),
    }),
    3,
  ),
)

const maybe = (arbitrary: fc.Arbitrary<Wish>) => fc.option(arbitrary, { freq: 1 })

const step: fc.Arbitrary<Step> = fc.oneof(
  often(
    fc.record({
      does: fc.constant('insert' as const),
      entries: fc.array(entry, { minLength: 1, maxLength: 3 }),
      unit: fc.boolean(),
      wish: maybe(wish),
    }),
    8,
  ),
  often(fc.record({ does: fc.constant('claim' as const), wishes: fc.array(wish, { minLength: 1, maxLength: 2 }) }), 12),
  often(fc.record({ does: fc.constant('settle' as const), token, given, wish: maybe(wish) }), 11),
  often(
    fc.record({
      does: fc.constant('renew' as const),
      token,
      minutes: fc.constantFrom(1, 10, 20),
      worker: fc.option(worker, { nil: undefined, freq: 1 }),
    }),
    2,
  ),
  often(fc.record({ does: fc.constant('shorten' as const), token, minutes: fc.constantFrom(0, 1, 10), worker }), 1),
  often(
    fc.record({ does: fc.constantFrom('release' as const, 'release' as const, 'progress' as const, 'progress' as const, 'held' as const), token }),
    5,
  ),
  often(
    fc.record({
      does: fc.constant('emit' as const),
      token,
      from: fc.constantFrom('next' as const, 'next' as const, 'again' as const, 'beyond' as const),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    4,
  ),
  often(fc.record({ does: fc.constant('cancel' as const), ref, of: fc.constantFrom<Among[]>('any', 'running') }), 2),
  often(fc.record({ does: fc.constant('retry' as const), ref }), 2),
  often(fc.record({ does: fc.constant('watch' as const), ref: fc.nat(2), of: fc.constantFrom<Among[]>('any', 'running', 'telling') }), 5),
  often(fc.record({ does: fc.constantFrom('inspect' as const, 'attend' as const), ref }), 2),
  often(fc.record({ does: fc.constant('pass' as const), minutes: fc.constantFrom(1, 1, 1, 2, 5, 10, 130) }), 5),
  often(
    fc.record(
      {
        does: fc.constant('queue' as const),
        queue,
        paused: fc.constantFrom(false, false, false, true),
        limit: fc.constantFrom(null, null, 0, 1, 2, 2, 3),
      },
      { requiredKeys: ['does', 'queue'] },
    ) as fc.Arbitrary<Step>,
    1,
  ),
  often(fc.record({ does: fc.constantFrom('stage' as const, 'stage' as const, 'prune' as const) }), 5),
  often(
    fc.constantFrom<Step[]>({ does: 'expire' }, { does: 'expire' }, { does: 'expire', youngMinutes: 5.5 }, { does: 'expire', youngMinutes: 12.5 }),
    3,
  ),
  often(fc.record({ does: fc.constantFrom('reopen' as const, 'abandoned' as const, 'measure' as const) }), 3),
)

/** Steps that seldom follow each other by chance. */
const turns = {
  silence: fc.constant<Step[]>([pass(10), { does: 'expire' }, { does: 'stage' }]),
  stubbornness: fc
    .record({ ref, token })
    .map(({ ref, token }): Step[] => [
      { does: 'cancel', ref, of: 'running' },
      pass(2),
      { does: 'renew', token, minutes: 20, worker: undefined },
      pass(1),
      { does: 'expire' },
    ]),
  retention: fc.constantFrom(55, 60, 61).map((minutes): Step[] => [pass(minutes), { does: 'prune' }]),
  /** A watcher sees one run, and the next, of the same number or another; the first is settled, or given back. */
  following: fc.record({ given: fc.option(given, { freq: 2 }), seen: fc.boolean() }).map(({ given, seen }): Step[] => {
    const token = { of: 'last', which: 0 } as const
    const emit: Step = { does: 'emit', token, from: 'next', count: 2 }
    const watch: Step = { does: 'watch', ref: 0, of: 'last' }
    const end: Step = given ? { does: 'settle', token, given, wish: null } : { does: 'release', token }
    const claim: Step = { does: 'claim', wishes: [{ queue: 'q1', names: ['a', 'b'], limit: 2 }] }
    return [emit, watch, end, ...(seen ? [watch] : []), { does: 'stage' }, claim, emit, watch]
  }),
}

const turn: fc.Arbitrary<Step[]> = fc.oneof(
  often(
    step.map((each) => [each]),
    28,
  ),
  ...Object.values(turns).map((each) => often(each, 1)),
)

/** Everything that can happen, in any order. */
export function sequence(length: number): fc.Arbitrary<Step[]> {
  return fc.noBias(fc.array(turn, { maxLength: length, size: 'max' })).map((all) => all.flat())
}
