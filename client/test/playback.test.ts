import { codecTag, seal, type Watched } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { Playback } from '#client/playback.js'
import { failedOutcome, okOutcome } from './support/scriptedHub.js'

type Stored = Extract<Watched, { type: 'job' }>

const ref = '01890a5d-ac96-774b-bcce-b302099a8057'
const chunk = (attempt: number, index: number) => ({ attempt, index, codec: codecTag, value: seal(`${attempt}.${index}`) })
const chunks = (attempt: number, from: number, to: number) => Array.from({ length: to - from }, (_, i) => chunk(attempt, from + i))
const progress = (attempt: number, value: number) => ({ attempt, codec: codecTag, value: seal(value) })
const snoozed = (number: number, attempt: number, more: object = {}) => ({
  type: 'snooze' as const,
  seconds: 1,
  number,
  attempt,
  final: false,
  at: 0,
  ...more,
})

/** What is stored. Unless it says otherwise, each attempt was run once, and the outcomes of one that executes came before it. */
const stored = (state: Stored['state'], attempt: number, more: Partial<Stored> = {}): Stored => ({
  ...{ ref, type: 'job', run: attempt, at: 0, progress: null, chunks: [], outcomes: [], more: false },
  after: state === 'executing' ? (more.outcomes?.at(-1)?.number ?? 0) : 0,
  ...more,
  state,
  attempt,
})

/** What happens in a run. Unless it says otherwise, each attempt was run once. */
const push = {
  state: (state: 'executing' | 'available', attempt: number, run = attempt) => ({ ref, type: 'state' as const, run, state, attempt, at: 0 }),
  progress: (attempt: number, value: number, run = attempt) => ({ ref, type: 'progress' as const, run, ...progress(attempt, value) }),
  chunk: (attempt: number, index: number, run = attempt) => ({ ref, type: 'chunk' as const, run, ...chunk(attempt, index) }),
  outcome: (outcome: Stored['outcomes'][number], state: Stored['state'], { run, attempt } = { run: outcome.attempt, attempt: outcome.attempt }) => ({
    ...{ ref, type: 'outcome' as const, run, state, attempt, outcome },
  }),
}

function makePlayback() {
  const played: string[] = []
  const playback = new Playback((event) => {
    if (event.type === 'state') played.push(`${event.state} ${event.attempt}`)
    else if (event.type === 'outcome') played.push(`outcome ${event.outcome.number}`)
    else if (event.type === 'chunk') played.push(`chunk ${event.attempt}.${event.index}`)
    else played.push(`progress ${event.attempt} ${event.value}`)
  })
  return { played, playback }
}

test('at first the current state leads, then the latest progress, the chunks, and the outcome', () => {
  const { played, playback } = makePlayback()
  const outcome = okOutcome(1, { attempt: 2, number: 2, chunks: 2 })
  const again = playback.answered(stored('completed', 2, { progress: progress(2, 5), chunks: chunks(2, 0, 2), outcomes: [outcome] }))
  expect(played).toEqual(['completed 2', 'progress 2 [5]', 'chunk 2.0', 'chunk 2.1', 'outcome 2'])
  expect([again, playback.ended]).toEqual([false, true])
})

test('the outcome of an earlier attempt is replayed before what the current one said', () => {
  const { played, playback } = makePlayback()
  const again = playback.answered(
    stored('executing', 2, { progress: progress(2, 5), chunks: chunks(2, 0, 1), outcomes: [failedOutcome('x', { chunks: 9 })] }),
  )
  expect(played).toEqual(['executing 2', 'outcome 1', 'progress 2 [5]', 'chunk 2.0'])
  expect([again, playback.cursor]).toEqual([false, { run: 2, index: 1, number: 1 }])
})

test('what happens then is played once, in order', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('available', 0))
  const events = [
    push.state('executing', 1),
    push.chunk(1, 0),
    push.chunk(1, 0),
    push.progress(1, 5),
    push.chunk(1, 1),
    push.outcome(okOutcome(1, { chunks: 2 }), 'completed'),
  ]
  expect(events.map((event) => playback.told(event))).toEqual(events.map(() => true))
  expect(played).toEqual(['available 0', 'executing 1', 'chunk 1.0', 'progress 1 [5]', 'chunk 1.1', 'completed 1', 'outcome 1'])
  expect(playback.ended).toBe(true)
})

test('before the first answer nothing is played', () => {
  const { played, playback } = makePlayback()
  expect(playback.told(push.chunk(1, 0))).toBe(true)
  expect([played, playback.cursor]).toEqual([[], undefined])
})

test('a chunk behind a missing one is a gap, and the answer brings both', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1))
  expect(playback.told(push.chunk(1, 1))).toBe(false)
  expect(playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))).toBe(false)
  expect(played).toEqual(['executing 1', 'chunk 1.0', 'chunk 1.1'])
})

test('an outcome behind missing chunks is a gap', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 1) }))
  expect(playback.told(push.outcome(okOutcome(1, { chunks: 3 }), 'completed'))).toBe(false)
  playback.answered(stored('completed', 1, { chunks: chunks(1, 1, 3), outcomes: [okOutcome(1, { chunks: 3 })] }))
  expect(played.slice(2)).toEqual(['completed 1', 'chunk 1.1', 'chunk 1.2', 'outcome 1'])
})

test('an outcome behind a missing one is a gap', () => {
  const { playback } = makePlayback()
  playback.answered(stored('executing', 1))
  expect(playback.told(push.outcome(okOutcome(1, { number: 2, attempt: 2 }), 'completed'))).toBe(false)
  expect(playback.cursor).toEqual({ run: 1, index: 0, number: 0 })
})

test('pages are asked for until there are no more, and an outcome waits for the chunks before it', () => {
  const { played, playback } = makePlayback()
  const outcome = okOutcome(1, { chunks: 4 })
  expect(playback.answered(stored('completed', 1, { chunks: chunks(1, 0, 2), outcomes: [outcome], more: true }))).toBe(true)
  expect([played, playback.cursor, playback.ended]).toEqual([['completed 1', 'chunk 1.0', 'chunk 1.1'], { run: 1, index: 2, number: 0 }, false])
  expect(playback.answered(stored('completed', 1, { chunks: chunks(1, 2, 4), outcomes: [outcome] }))).toBe(false)
  expect(played.slice(3)).toEqual(['chunk 1.2', 'chunk 1.3', 'outcome 1'])
})

test('an outcome whose chunks are nowhere is not held back for ever', () => {
  const { played, playback } = makePlayback()
  const lossy = stored('completed', 1, { chunks: chunks(1, 0, 1), outcomes: [okOutcome(1, { chunks: 3 })] })
  expect(playback.answered(lossy)).toBe(true)
  expect(playback.answered({ ...lossy, chunks: [] })).toBe(false)
  expect(played).toEqual(['completed 1', 'chunk 1.0', 'outcome 1'])
  expect(playback.ended).toBe(true)
})

test('a job that has ended, of which nothing is left to play, ends the playback', () => {
  const { played, playback } = makePlayback()
  expect(playback.answered(stored('completed', 1, { outcomes: [okOutcome(1)], more: true }))).toBe(true)
  expect([playback.answered(stored('completed', 1)), playback.ended, played]).toEqual([false, true, ['completed 1', 'outcome 1']])
})

test('after a break what was missed is played in its order, the state where its run begins', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 1) }))
  const outcomes = [failedOutcome('x', { chunks: 3 }), failedOutcome('y', { number: 2, attempt: 2, chunks: 2 })]
  expect(playback.answered(stored('retryable', 2, { chunks: chunks(2, 0, 2), outcomes, after: 1 }))).toBe(false)
  expect(played).toEqual(['executing 1', 'chunk 1.0', 'outcome 1', 'retryable 2', 'chunk 2.0', 'chunk 2.1', 'outcome 2'])
})

test('a run that was missed and of which no chunks are kept does not hold back its outcome', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 1) }))
  expect(playback.answered(stored('executing', 2, { chunks: chunks(2, 0, 1), outcomes: [failedOutcome('x', { chunks: 3 })] }))).toBe(false)
  expect(played.slice(2)).toEqual(['outcome 1', 'executing 2', 'chunk 2.0'])
})

describe('an attempt that was given back is run anew', () => {
  test('after a snooze, which says the attempt as it is then', () => {
    const { played, playback } = makePlayback()
    playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
    const events = [
      push.outcome(snoozed(1, 1, { chunks: 2 }), 'scheduled', { run: 1, attempt: 0 }),
      push.state('available', 0, 1),
      push.state('executing', 1, 2),
      push.chunk(1, 0, 2),
      push.chunk(1, 1, 2),
    ]
    expect(events.every((event) => playback.told(event))).toBe(true)
    expect(played.slice(3)).toEqual(['scheduled 0', 'outcome 1', 'available 0', 'executing 1', 'chunk 1.0', 'chunk 1.1'])
  })

  test('after several snoozes that were missed', () => {
    const { played, playback } = makePlayback()
    playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
    const outcomes = [snoozed(1, 1, { chunks: 2 }), snoozed(2, 1, { chunks: 9 }), snoozed(3, 1, { chunks: 1 })]
    expect(playback.answered(stored('scheduled', 0, { run: 3, after: 2, chunks: chunks(1, 0, 1), outcomes }))).toBe(false)
    expect(played.slice(3)).toEqual(['outcome 1', 'outcome 2', 'scheduled 0', 'chunk 1.0', 'outcome 3'])
  })

  test('when its worker handed it back', () => {
    const { played, playback } = makePlayback()
    playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
    for (const event of [push.state('available', 0, 1), push.state('executing', 1, 2), push.chunk(1, 0, 2)]) expect(playback.told(event)).toBe(true)
    expect(played.slice(3)).toEqual(['available 0', 'executing 1', 'chunk 1.0'])
  })

  test('which nobody saw: its state is played again, and its chunks from the first on', () => {
    const { played, playback } = makePlayback()
    playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
    expect(playback.answered(stored('executing', 1, { run: 3, chunks: chunks(1, 0, 3) }))).toBe(false)
    expect(playback.cursor).toEqual({ run: 3, index: 3, number: 0 })
    expect(played).toEqual(['executing 1', 'chunk 1.0', 'chunk 1.1', 'executing 1', 'chunk 1.0', 'chunk 1.1', 'chunk 1.2'])
  })

  test('and then waits, page by page', () => {
    const { played, playback } = makePlayback()
    playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
    expect(playback.answered(stored('available', 0, { run: 2, chunks: chunks(1, 0, 1), more: true }))).toBe(true)
    expect(playback.cursor).toEqual({ run: 2, index: 1, number: 0 })
    expect(playback.answered(stored('available', 0, { run: 2, chunks: chunks(1, 1, 2) }))).toBe(false)
    expect(played.slice(3)).toEqual(['available 0', 'chunk 1.0', 'chunk 1.1'])
  })

  test('so that an outcome that counts the chunks of a run unseen is a gap', () => {
    const { played, playback } = makePlayback()
    playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
    expect(playback.told(push.outcome(okOutcome(1, { chunks: 2 }), 'completed', { run: 2, attempt: 1 }))).toBe(false)
    expect(played).toEqual(['executing 1', 'chunk 1.0', 'chunk 1.1'])
  })
})

test('what is told of a run whose beginning was not seen is a gap', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('scheduled', 0, { run: 1, chunks: chunks(1, 0, 1), outcomes: [snoozed(1, 1, { chunks: 1 })] }))
  const before = [...played]
  expect([push.chunk(1, 0, 2), push.chunk(2, 1), push.progress(1, 5, 2)].map((event) => playback.told(event))).toEqual([false, false, false])
  expect(played).toEqual(before)
})

test('a replay of a snoozed job begins with its state and has the chunks of its last run', () => {
  const { played, playback } = makePlayback()
  const again = playback.answered(
    stored('scheduled', 0, { run: 1, progress: progress(1, 5), chunks: chunks(1, 0, 2), outcomes: [snoozed(1, 1, { chunks: 2 })] }),
  )
  expect(played).toEqual(['scheduled 0', 'progress 1 [5]', 'chunk 1.0', 'chunk 1.1', 'outcome 1'])
  expect(again).toBe(false)
})

test('what came while an answer was on its way is not played twice, nor what it has overtaken', () => {
  const { played, playback } = makePlayback()
  const answer = stored('retryable', 1, { progress: progress(1, 6), chunks: chunks(1, 0, 2), outcomes: [failedOutcome('x', { chunks: 2 })] })
  playback.answered(answer)
  const early = [
    push.state('executing', 1),
    push.chunk(1, 0),
    push.progress(1, 5),
    push.progress(1, 6),
    push.chunk(1, 1),
    push.outcome(failedOutcome('x', { chunks: 2 }), 'retryable'),
    push.progress(1, 7),
    push.state('available', 1),
    push.state('executing', 2),
    push.chunk(2, 0),
  ]
  expect(playback.toldEarly(early, answer)).toBe(true)
  expect(played).toEqual([
    'retryable 1',
    'progress 1 [6]',
    'chunk 1.0',
    'chunk 1.1',
    'outcome 1',
    'progress 1 [7]',
    'available 1',
    'executing 2',
    'chunk 2.0',
  ])
})

test('early events of a run that was handed back are not taken for those of the next one of its attempt', () => {
  const { played, playback } = makePlayback()
  const answer = stored('executing', 1, { run: 2, chunks: chunks(1, 0, 1) })
  playback.answered(answer)
  const early = [
    ...[push.state('executing', 1), push.chunk(1, 0), push.chunk(1, 1), push.state('available', 0, 1)],
    ...[push.state('executing', 1, 2), push.chunk(1, 0, 2), push.chunk(1, 1, 2)],
  ]
  expect(playback.toldEarly(early, answer)).toBe(true)
  expect(played).toEqual(['executing 1', 'chunk 1.0', 'chunk 1.1'])
})

test('an early state that the answer has passed is not played, one that it has not reached is', () => {
  const { played, playback } = makePlayback()
  const answer = stored('retryable', 1, { outcomes: [failedOutcome('x')] })
  playback.answered(answer)
  playback.toldEarly([push.state('executing', 1)], answer)
  playback.toldEarly([push.state('available', 1)], answer)
  expect(played).toEqual(['retryable 1', 'outcome 1', 'available 1'])
})

test('a gap among early events is a gap', () => {
  const { played, playback } = makePlayback()
  const answer = stored('executing', 1)
  playback.answered(answer)
  expect(playback.toldEarly([push.chunk(1, 0), push.chunk(1, 2), push.chunk(1, 3)], answer)).toBe(false)
  expect(played).toEqual(['executing 1', 'chunk 1.0'])
})

test('a job that was reopened is followed past the outcome that had ended it', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('available', 1, { outcomes: [okOutcome(1)] }))
  expect(playback.ended).toBe(false)
  for (const event of [push.state('executing', 2), push.outcome(okOutcome(2, { number: 2, attempt: 2 }), 'completed')]) playback.told(event)
  expect(played).toEqual(['available 1', 'outcome 1', 'executing 2', 'completed 2', 'outcome 2'])
  expect(playback.ended).toBe(true)
})

test('equal progress of another run is progress', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { progress: progress(1, 5) }))
  playback.told(push.progress(1, 5))
  playback.told(push.state('available', 0, 1))
  playback.told(push.state('executing', 1, 2))
  playback.told(push.progress(1, 5, 2))
  expect(played).toEqual(['executing 1', 'progress 1 [5]', 'available 0', 'executing 1', 'progress 1 [5]'])
})

test('what is told of earlier runs, or of a kind unknown here, is ignored', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 2))
  const old = [push.chunk(1, 0), push.progress(1, 5), push.state('available', 1), push.state('executing', 1)]
  for (const event of [...old, push.state('executing', 2), { ref, run: 2, type: 'news' } as never]) expect(playback.told(event)).toBe(true)
  expect(played).toEqual(['executing 2'])
})
