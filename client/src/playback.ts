import { type Chunk, type Cursor, isFinished, type JobState, type Outcome, type WatchEvent, type Watched } from '@anchorleg/shared'
import type { SealedEvent } from './watchEvent.js'

type Stored = Extract<Watched, { type: 'job' }>
type StateEvent = Extract<SealedEvent, { type: 'state' }>
type ProgressEvent = Extract<SealedEvent, { type: 'progress' }>

/**
 * Puts in order what a hub says of one watched job: what is stored, in answers, and what happens, in events. What it plays
 * has no gap and no repeat within an attempt. Bookkeeping alone: it neither talks nor waits.
 */
export class Playback {
  #cursor: { attempt: number; index: number; number: number } | undefined
  /** The cursor's run has ended: another may follow under the same attempt, its chunks counted from 0 again. */
  #isOver = false
  #state: StateEvent | undefined
  #progress: ProgressEvent | undefined
  #ended = false

  constructor(private readonly play: (event: SealedEvent) => void) {}

  /** How far it has come; undefined before the first answer. */
  get cursor(): Cursor | undefined {
    return this.#cursor && { ...this.#cursor }
  }

  /** Whether the final outcome has been played. */
  get ended(): boolean {
    return this.#ended
  }

  /** Takes what is stored beyond the cursor. Answers whether there is more to ask for. */
  answered(stored: Stored): boolean {
    const before = JSON.stringify(this.#cursor)
    const isFirst = !this.#cursor
    this.#cursor ??= { attempt: stored.attempt, index: 0, number: 0 }
    const { earlier, current } = cut(stored)
    // At first the current state leads; later it comes where its run begins.
    if (isFirst) this.#playState(stored)
    const gapBefore = this.#playRows(earlier, stored)
    this.#playState(stored)
    const isIncomplete = stored.state === 'executing' && this.#begin(stored.attempt) && !isFirst
    if (stored.progress && stored.progress.attempt >= stored.attempt) this.#playProgress(stored.progress)
    const gapAfter = !isIncomplete && this.#playRows(current, stored)
    if (this.#ended) return false
    const isAgain = stored.more || gapBefore || gapAfter || isIncomplete
    if (isAgain && JSON.stringify(this.#cursor) !== before) return true
    // The chunks that are missing are nowhere: their outcome is not held back for them.
    for (const outcome of stored.outcomes) this.#playOutcome(outcome, stateOf(outcome, stored), true)
    this.#ended = isFinished(stored.state)
    return false
  }

  /** Takes what happened. False when something is missing before it: then the store is to be asked, which has it too. */
  told(event: WatchEvent): boolean {
    const cursor = this.#cursor
    if (!cursor || this.#ended) return true
    switch (event.type) {
      case 'state':
        if (event.state === 'executing') this.#begin(event.attempt)
        else if (event.attempt < cursor.attempt) this.#isOver = true
        this.#playState(event)
        return true
      case 'progress':
        if (event.attempt >= cursor.attempt) this.#playProgress(event)
        return true
      case 'chunk':
        return this.#playPushedChunk(event)
      case 'outcome':
        if (event.outcome.number > cursor.number + 1) return false
        return this.#playOutcome(event.outcome, event.state, false)
      default:
        return true
    }
  }

  /** Takes events that came while an answer was on its way, so that they may have happened before it. False like {@link told}. */
  toldEarly(events: readonly WatchEvent[], stored: Stored): boolean {
    const had = this.#cursor
    const isHad = (event: WatchEvent) => event.type === 'chunk' && event.attempt === had?.attempt && event.index < had.index
    return events.filter((event, i) => !isHad(event) && !isStale(event, events.slice(i), stored)).every((event) => this.told(event))
  }

  /** A run begins. True when it counts its chunks anew under the attempt of the one before, of which some are had. */
  #begin(attempt: number): boolean {
    const cursor = this.#cursor
    if (!cursor || attempt < cursor.attempt || (attempt === cursor.attempt && !this.#isOver)) return false
    this.#cursor = { ...cursor, attempt, index: 0 }
    this.#isOver = false
    this.#progress = undefined
    return attempt === cursor.attempt && cursor.index > 0
  }

  /** Plays what is stored. True when an outcome is held back, because chunks before it are missing. */
  #playRows(rows: readonly (Chunk | Outcome)[], stored: Stored): boolean {
    for (const row of rows) {
      // Of runs before the current one, no chunks are kept but those of the answer.
      const isReplaced = stored.state === 'executing' || row.attempt < stored.attempt
      if ('index' in row) this.#playStoredChunk(row)
      else if (!this.#playOutcome(row, stateOf(row, stored), isReplaced)) return true
    }
    return false
  }

  #playStoredChunk(chunk: Chunk): void {
    const cursor = this.#cursor as Cursor
    if (chunk.attempt === cursor.attempt && (this.#isOver || chunk.index < cursor.index)) return
    if (chunk.attempt >= cursor.attempt) this.#playChunk(chunk)
  }

  #playPushedChunk(chunk: Chunk): boolean {
    const cursor = this.#cursor as Cursor
    if (chunk.attempt < cursor.attempt) return true
    const isNext = chunk.attempt === cursor.attempt ? !this.#isOver && chunk.index <= cursor.index : chunk.index === 0
    if (isNext && (chunk.attempt > cursor.attempt || chunk.index === cursor.index)) this.#playChunk(chunk)
    return isNext
  }

  #playChunk({ attempt, index, codec, value }: Chunk): void {
    this.#begin(attempt)
    this.#cursor = { ...(this.#cursor as Cursor), index: index + 1 }
    this.play({ type: 'chunk', attempt, index, codec, value })
  }

  /** False when it is held back. */
  #playOutcome(outcome: Outcome, state: JobState, anyway: boolean): boolean {
    const cursor = this.#cursor as Cursor
    const { attempt, number, chunks = 0 } = outcome
    if (number <= cursor.number) return true
    const isCurrent = attempt === cursor.attempt && !this.#isOver
    if (!anyway && attempt >= cursor.attempt && chunks > (isCurrent ? cursor.index : 0)) return false
    if (attempt > cursor.attempt) this.#begin(attempt)
    if (attempt >= cursor.attempt) this.#isOver = true
    this.#cursor = { ...(this.#cursor as Cursor), number }
    this.play({ type: 'outcome', outcome })
    this.#ended = outcome.final && isFinished(state)
    return true
  }

  #playState({ state, attempt, at }: Omit<StateEvent, 'type'>): void {
    if (this.#state?.state === state && this.#state.attempt === attempt) return
    this.#state = { type: 'state', state, attempt, at }
    this.play(this.#state)
  }

  #playProgress({ attempt, codec, value }: Omit<ProgressEvent, 'type'>): void {
    if (this.#progress?.attempt === attempt && this.#progress.value === value) return
    this.#progress = { type: 'progress', attempt, codec, value }
    this.play(this.#progress)
  }
}

/** What is stored of runs before the current one, and of that. Who executes has no outcome yet: what there is came before. */
function cut(stored: Stored): { earlier: (Chunk | Outcome)[]; current: (Chunk | Outcome)[] } {
  const { state, attempt, chunks, outcomes } = stored
  const turn = chunks.findIndex((chunk) => chunk.attempt >= attempt)
  const past = turn < 0 ? chunks : chunks.slice(0, turn)
  const now = chunks.slice(past.length)
  if (state === 'executing') return { earlier: inOrder(past, outcomes), current: now }
  const isPast = (outcome: Outcome) => outcome.attempt < attempt
  return {
    earlier: inOrder(past, outcomes.filter(isPast)),
    current: inOrder(
      now,
      outcomes.filter((each) => !isPast(each)),
    ),
  }
}

/** Chunks and outcomes, each outcome behind the chunks of its attempt. */
function inOrder(chunks: readonly Chunk[], outcomes: readonly Outcome[]): (Chunk | Outcome)[] {
  const rows: (Chunk | Outcome)[] = []
  let next = 0
  for (const outcome of outcomes) {
    for (; next < chunks.length && (chunks[next] as Chunk).attempt <= outcome.attempt; next += 1) rows.push(chunks[next] as Chunk)
    rows.push(outcome)
  }
  return [...rows, ...chunks.slice(next)]
}

/** The state that an outcome of an answer has led to: only the last one can have ended the job. */
function stateOf(outcome: Outcome, { state, outcomes, more }: Stored): JobState {
  return outcome === outcomes.at(-1) && !more ? state : 'available'
}

/** Whether the answer already tells of an event that came before it: itself, or what came later. */
function isStale(event: WatchEvent, onwards: readonly WatchEvent[], stored: Stored): boolean {
  if (event.type === 'progress') {
    return onwards.some((later) => later.type === 'progress' && later.attempt === stored.progress?.attempt && later.value === stored.progress.value)
  }
  if (event.type !== 'state') return false
  const isKnown = onwards.some((later) => later.type === 'state' && later.state === stored.state && later.attempt === stored.attempt)
  return isKnown || order(event) < order(stored)
}

const ranks: Partial<Record<JobState, number>> = { executing: 0, scheduled: 1, retryable: 1, available: 2 }

function order({ state, attempt }: { readonly state: JobState; readonly attempt: number }): number {
  return 4 * attempt + (ranks[state] ?? 3)
}
