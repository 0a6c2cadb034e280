import type { Standing, Want } from '@anchorleg/shared'
import { type Attachments, messages, type RefAwaiter } from './attachments.js'
import type { Connection } from './connection.js'
import { type AwaitResult, RelayError } from './errors.js'
import { isPromise } from './givenRelay.js'
import { boolean, demand, isRecord, signal as isSignal, milliseconds, type Opt, optionsOf, show } from './options.js'
import { readOutcome } from './readOutcome.js'
import { isRelay } from './relay.js'
import type { Submissions } from './submissions.js'
import { within } from './within.js'

/** How long to wait: milliseconds, or these. */
export type Wait = number | WaitOptions

type WaitOptions = Opt<{
  /**
   * Milliseconds from the call. Default 5000. Infinity waits as long as the client lives. 0 answers from what is stored,
   * within 100 ms; a client that is only just connecting has up to a second for that.
   */
  timeout: number
  /** Ends the wait with `aborted`; the job runs on. */
  signal: AbortSignal
  /** Waits for the outcome that ends the job, through its retries and snoozes. */
  withRetries: boolean
}>

/** What an await works with. */
export interface Rooms {
  readonly connection: Pick<Connection<object>, 'status' | 'ended' | 'firstTry' | 'open'>
  readonly attachments: Pick<Attachments, 'add' | 'remove' | 'look'>
  readonly submissions: Pick<Submissions, 'refOf' | 'isUnderWay'>
}

const defaultTimeout = 5_000

/** Milliseconds that the hub has, at the deadline, to say what the job waits for. */
const lastWordWithin = 100

/**
 * Milliseconds before the deadline of a longer wait at which the hub is asked ahead: one too busy to answer within those 100 ms is
 * not one that cannot be reached.
 */
export const askedAhead = 1_000

/** Milliseconds that a wait of 0 gives a client that is only just connecting. */
const connectWithin = 1_000

type Pending = Extract<Standing, { type: 'pending' }>

export interface Patience {
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  readonly want: Want
}

/** Reads the second argument of `await`. @throws {TypeError} "timeout: expected …, got …" */
export function patienceOf(wait: Wait | undefined): Patience {
  if (wait !== undefined && typeof wait !== 'number' && !isRecord(wait))
    throw new TypeError(`expected milliseconds or an object of options, got ${show(wait)}`)
  const options = typeof wait === 'number' ? { timeout: wait } : optionsOf<WaitOptions>(wait, ['timeout', 'signal', 'withRetries'])
  const { timeout = defaultTimeout, signal, withRetries = false } = options
  demand('timeout', milliseconds, timeout)
  demand('withRetries', boolean, withRetries)
  demand('signal', isSignal, signal)
  return { timeout, signal, want: withRetries ? 'final' : 'any' }
}

/** One entry of an await: from a relay, or the promise of one, to a result. It settles once. */
export class Awaiting implements RefAwaiter {
  readonly want: Want
  readonly result: Promise<AwaitResult<any>>
  /** Milliseconds of the deadline that is counted now. */
  next = 0
  #resolve!: (result: AwaitResult<any>) => void
  #done = false
  #ref: string | undefined
  #relay: Promise<unknown> | undefined
  #known: Pending | undefined

  constructor(
    relay: unknown,
    private readonly patience: Patience,
    private readonly rooms: Rooms,
    private readonly over: (awaiting: Awaiting) => void,
  ) {
    this.want = patience.want
    this.result = new Promise((resolve) => {
      this.#resolve = resolve
    })
    if (isPromise(relay)) this.#expect(relay)
    else this.#begin((relay as { ref: string }).ref)
  }

  get timeout(): number {
    return this.patience.timeout
  }

  outcome(outcome: unknown): void {
    if (!this.#done) this.#settle(readOutcome(outcome))
  }

  failed(
    code: 'aborted' | 'closed' | 'not_found' | 'expired' | 'unauthorized' | 'forbidden' | 'not_submitted',
    message: string,
    cause?: RelayError,
  ): void {
    this.#settle({ type: 'error', error: { code, message, ...(cause && { cause }) } })
  }

  /** The deadline is near: what the hub says now stands where it says nothing at the deadline. */
  async askAhead(): Promise<void> {
    if (this.#done || this.rooms.connection.status !== 'connected') return
    const standing = await this.#lastWord()
    if (standing?.type === 'outcome') this.outcome(standing.outcome)
    else if (standing?.type === 'pending') this.#known = standing
  }

  /** The deadline has come: the hub is asked once more, and has 100 ms to say more than that. */
  async expire(): Promise<void> {
    const { timeout } = this.patience
    const { connection } = this.rooms
    if (timeout === 0) await within(connectWithin, connection.firstTry)
    if (this.#done) return
    const standing = connection.status === 'connected' ? ((await within(lastWordWithin, this.#lastWord())) ?? this.#known) : undefined
    switch (standing?.type) {
      case 'outcome':
        return this.outcome(standing.outcome)
      case 'expired':
        return this.failed('expired', messages.expired)
      case 'not_found':
        // While the job is on its way, the hub's not knowing it says nothing.
        if (this.rooms.submissions.isUnderWay(standing.ref)) return this.#timeOut()
        return this.failed('not_found', messages.not_found)
      default:
        this.#timeOut(standing)
    }
  }

  /** A job that is being submitted is looked at after that, if it comes in time. */
  async #lastWord(): Promise<Standing | undefined> {
    await this.#relay
    return this.#ref === undefined || this.#done ? undefined : this.rooms.attachments.look(this.#ref, this.want)
  }

  #timeOut(standing?: Pending): void {
    const { timeout } = this.patience
    const message = `No outcome within ${timeout} ms: ${standing ? `the job is ${standing.state} (${standing.waiting})` : 'the hub could not be asked'}.`
    const known = standing ? { waiting: standing.waiting, state: standing.state } : { waiting: 'disconnected' as const }
    this.#settle({ type: 'error', error: { code: 'timeout', message, ...known } })
  }

  #expect(relay: PromiseLike<unknown>): void {
    const ref = this.rooms.submissions.refOf(relay)
    this.#relay = Promise.resolve(relay).then(
      (given) => {
        if (isRelay(given)) return this.#begin(given.ref)
        const cause = new RelayError('invalid_job', `expected a relay, got ${show(given)}`)
        this.failed('not_submitted', `The promise gave no relay: ${cause.message}.`, cause)
      },
      (cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : show(cause)
        this.failed('not_submitted', `The job was not submitted: ${reason}`, cause as RelayError)
      },
    )
    if (ref !== undefined) this.#begin(ref)
  }

  #begin(ref: string): void {
    if (this.#done || this.#ref !== undefined) return
    this.#ref = ref
    // A wait of 0 only looks, so it never joins.
    if (this.patience.timeout > 0) this.rooms.attachments.add(ref, this)
  }

  #settle(result: AwaitResult<any>): void {
    if (this.#done) return
    this.#done = true
    if (this.#ref !== undefined) this.rooms.attachments.remove(this.#ref, this)
    this.over(this)
    this.#resolve(result)
  }
}
