import { type Chunk, type Cursor, isFinished, type JobState, type Outcome, type WatchEvent, type Watched } from '@anchorleg/shared'
import type { SealedEvent } from './watchEvent.js'

type Stored = Extract<Watched, { type: 'job' }>
type Progress = Omit<Extract<SealedEvent, { type: 'progress' }>, 'type'>
type Pushed<Type> = Extract<WatchEvent, { type: Type }>

/** Where a job stands: in which state, since when, and in which of its runs. */
interface Stand {
  readonly state: JobState
  readonly attempt: number
  readonly run: number
  readonly at: number
}

/**
 * Puts in order what a hub says of one watched job: what is stored, in answers, and what happens, in events. What it plays
 * has no gap and no repeat within a run, and a state before each run. Bookkeeping alone: it neither talks nor waits.
 */
export class Playback {
  #cursor: { run: number; index: number; number: number } | undefined
  #stand: Stand | undefined
  /** What the cursor's run has come to. */
  #progress: string | undefined
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
    // At first the current state leads; later it comes where its run begins.
    if (!this.#cursor) this.#playStand(stored)
    this.#cursor ??= { run: stored.run, index: 0, number: 0 }
    const isEarlier = ({ number }: Outcome) => number <= stored.after
    // Of earlier runs no chunks are kept, so their outcomes are not held back for them.
    for (const outcome of stored.outcomes.filter(isEarlier)) this.#playOutcome(outcome)
    if (stored.run > this.#cursor.run) this.#begin(stored.run)
    this.#playStand(stored)
    if (stored.progress) this.#playProgress(stored.progress)
    for (const chunk of stored.chunks) this.#playChunk(chunk)
    const later = stored.outcomes.filter((outcome) => !isEarlier(outcome))
    const gap = later.findIndex((outcome) => this.#lacksChunks(outcome))
    for (const outcome of later.slice(0, gap < 0 ? later.length : gap)) this.#playOutcome(outcome)
    if ((stored.more || gap >= 0) && JSON.stringify(this.#cursor) !== before) return true
    // Chunks that asking again has not brought are nowhere: no outcome waits for them.
    for (const outcome of later) this.#playOutcome(outcome)
    this.#ended = isFinished(stored.state)
    return false
  }

  /** Takes what happened. False when something is missing before it: then the store is to be asked, which has it too. */
  told(event: WatchEvent): boolean {
    const cursor = this.#cursor
    if (!cursor || this.#ended) return true
    switch (event.type) {
      case 'state':
        return this.#toldState(event)
      case 'progress':
        if (event.run === cursor.run) this.#playProgress(event)
        return event.run <= cursor.run
      case 'chunk':
        return this.#toldChunk(event)
      case 'outcome':
        return this.#toldOutcome(event)
      default:
        return true
    }
  }

  /** Takes events that came while an answer was on its way, so that they may have happened before it. False like {@link told}. */
  toldEarly(events: readonly WatchEvent[], stored: Stored): boolean {
    return events.filter((event, i) => !isOvertaken(event, events.slice(i), stored)).every((event) => this.told(event))
  }

  /** Within a run, `available` is the last state: that it executes is known already, or past. */
  #toldState(event: Pushed<'state'>): boolean {
    const { run } = this.#cursor as Cursor
    if (event.run > run) this.#begin(event.run)
    if (event.run > run || (event.run === run && event.state === 'available')) this.#playStand(event)
    return true
  }

  /** A chunk of a run that did not begin here has come behind its beginning unseen. */
  #toldChunk(chunk: Pushed<'chunk'>): boolean {
    const { run, index } = this.#cursor as Cursor
    if (chunk.run !== run) return chunk.run < run
    if (chunk.index === index) this.#playChunk(chunk)
    return chunk.index <= index
  }

  #toldOutcome({ run, state, attempt, outcome }: Pushed<'outcome'>): boolean {
    const cursor = this.#cursor as Cursor
    if (outcome.number <= cursor.number) return true
    if (outcome.number > cursor.number + 1 || run > cursor.run || (run === cursor.run && this.#lacksChunks(outcome))) return false
    if (run === cursor.run) this.#playStand({ run, state, attempt, at: outcome.at })
    this.#playOutcome(outcome)
    this.#ended = outcome.final && isFinished(state)
    return true
  }

  #begin(run: number): void {
    this.#cursor = { ...(this.#cursor as Cursor), run, index: 0 }
    this.#progress = undefined
  }

  #lacksChunks({ number, chunks = 0 }: Outcome): boolean {
    const cursor = this.#cursor as Cursor
    return number > cursor.number && chunks > cursor.index
  }

  #playChunk({ attempt, index, codec, value }: Chunk): void {
    const cursor = this.#cursor as Cursor
    if (index < cursor.index) return
    this.#cursor = { ...cursor, index: index + 1 }
    this.play({ type: 'chunk', attempt, index, codec, value })
  }

  #playOutcome(outcome: Outcome): void {
    const cursor = this.#cursor as Cursor
    if (outcome.number <= cursor.number) return
    this.#cursor = { ...cursor, number: outcome.number }
    this.play({ type: 'outcome', outcome })
  }

  #playStand({ state, attempt, run, at }: Stand): void {
    if (this.#stand?.state === state && this.#stand.run === run) return
    this.#stand = { state, attempt, run, at }
    this.play({ type: 'state', state, attempt, at })
  }

  #playProgress({ attempt, codec, value }: Progress): void {
    if (this.#progress === value) return
    this.#progress = value
    this.play({ type: 'progress', attempt, codec, value })
  }
}

/** Whether the answer already tells of progress that came before it: the same, or what came later. */
function isOvertaken(event: WatchEvent, onwards: readonly WatchEvent[], { run, progress }: Stored): boolean {
  if (event.type !== 'progress') return false
  return onwards.some((later) => later.type === 'progress' && later.run === run && later.value === progress?.value)
}
