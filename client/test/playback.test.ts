import { codecTag, seal, type Watched } from '@anchorleg/shared'
import { expect, test } from 'vitest'
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
const stored = (state: Stored['state'], attempt: number, more: Partial<Stored> = {}): Stored => ({
  ...{ ref, type: 'job', at: 0, progress: null, chunks: [], outcomes: [], more: false },
  ...more,
  state,
  attempt,
})
const push = {
  state: (state: Stored['state'], attempt: number) => ({ ref, type: 'state' as const, state, attempt, at: 0 }),
  progress: (attempt: number, value: number) => ({ ref, type: 'progress' as const, ...progress(attempt, value) }),
  chunk: (attempt: number, index: number) => ({ ref, type: 'chunk' as const, ...chunk(attempt, index) }),
  outcome: (outcome: Stored['outcomes'][number], state: Stored['state']) => ({ ref, type: 'outcome' as const, state, outcome }),
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
  expect([again, playback.cursor]).toEqual([false, { attempt: 2, index: 1, number: 1 }])
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
    push.state('completed', 1),
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
  expect(playback.cursor).toEqual({ attempt: 1, index: 0, number: 0 })
})

test('pages are asked for until there are no more, and an outcome waits for the chunks before it', () => {
  const { played, playback } = makePlayback()
  const outcome = okOutcome(1, { chunks: 4 })
  expect(playback.answered(stored('completed', 1, { chunks: chunks(1, 0, 2), outcomes: [outcome], more: true }))).toBe(true)
  expect([played, playback.cursor, playback.ended]).toEqual([['completed 1', 'chunk 1.0', 'chunk 1.1'], { attempt: 1, index: 2, number: 0 }, false])
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

test('after a break everything that was missed is played in its order, the state where its run begins', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 1) }))
  playback.answered(stored('executing', 2, { chunks: [...chunks(1, 1, 3), ...chunks(2, 0, 1)], outcomes: [failedOutcome('x', { chunks: 3 })] }))
  expect(played).toEqual(['executing 1', 'chunk 1.0', 'chunk 1.1', 'chunk 1.2', 'outcome 1', 'executing 2', 'chunk 2.0'])
})

test('a run that was missed and of which no chunks are kept does not hold back its outcome', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 1) }))
  expect(playback.answered(stored('executing', 2, { chunks: chunks(2, 0, 1), outcomes: [failedOutcome('x', { chunks: 3 })] }))).toBe(false)
  expect(played.slice(2)).toEqual(['outcome 1', 'executing 2', 'chunk 2.0'])
})

test('a snoozed run gives its attempt back, and the next counts its chunks from 0 again', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
  const events = [
    push.state('scheduled', 1),
    push.outcome(snoozed(1, 1, { chunks: 2 }), 'scheduled'),
    push.state('available', 0),
    push.state('executing', 1),
    push.chunk(1, 0),
    push.chunk(1, 1),
  ]
  expect(events.every((event) => playback.told(event))).toBe(true)
  expect(played.slice(3)).toEqual(['scheduled 1', 'outcome 1', 'available 0', 'executing 1', 'chunk 1.0', 'chunk 1.1'])
})

test('a snoozed run whose successor began unseen makes its chunks be asked for from 0', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
  expect(playback.answered(stored('executing', 1, { chunks: chunks(1, 2, 3), outcomes: [snoozed(1, 1, { chunks: 2 })] }))).toBe(true)
  expect(playback.cursor).toEqual({ attempt: 1, index: 0, number: 1 })
  expect(playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 3) }))).toBe(false)
  expect(played.slice(3)).toEqual(['outcome 1', 'chunk 1.0', 'chunk 1.1', 'chunk 1.2'])
})

test('a chunk of a new run whose beginning was not seen is a gap', () => {
  const { playback } = makePlayback()
  playback.answered(stored('scheduled', 0, { chunks: chunks(1, 0, 1), outcomes: [snoozed(1, 1, { chunks: 1 })] }))
  expect(playback.told(push.chunk(1, 0))).toBe(false)
  expect(playback.told(push.chunk(2, 1))).toBe(false)
})

test('a run that was handed back begins anew under its attempt', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { chunks: chunks(1, 0, 2) }))
  for (const event of [push.state('available', 0), push.state('executing', 1), push.chunk(1, 0)]) expect(playback.told(event)).toBe(true)
  expect(played.slice(3)).toEqual(['available 0', 'executing 1', 'chunk 1.0'])
})

test('a replay of a snoozed job begins with its state and has the chunks of its last run', () => {
  const { played, playback } = makePlayback()
  const again = playback.answered(
    stored('scheduled', 0, { progress: progress(1, 5), chunks: chunks(1, 0, 2), outcomes: [snoozed(1, 1, { chunks: 2 })] }),
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
    push.state('retryable', 1),
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
  for (const event of [push.state('executing', 2), push.state('completed', 2), push.outcome(okOutcome(2, { number: 2, attempt: 2 }), 'completed')]) {
    playback.told(event)
  }
  expect(played).toEqual(['available 1', 'outcome 1', 'executing 2', 'completed 2', 'outcome 2'])
  expect(playback.ended).toBe(true)
})

test('equal progress of another run is progress', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 1, { progress: progress(1, 5) }))
  playback.told(push.progress(1, 5))
  playback.told(push.state('available', 0))
  playback.told(push.state('executing', 1))
  playback.told(push.progress(1, 5))
  expect(played).toEqual(['executing 1', 'progress 1 [5]', 'available 0', 'executing 1', 'progress 1 [5]'])
})

test('what is told of earlier attempts, or of a kind unknown here, is ignored', () => {
  const { played, playback } = makePlayback()
  playback.answered(stored('executing', 2))
  for (const event of [push.chunk(1, 0), push.progress(1, 5), { ref, type: 'news' } as never]) expect(playback.told(event)).toBe(true)
  expect(played).toEqual(['executing 2'])
})
