import { type ClientAsks, namespaces, type RefOutcome } from '@anchorleg/shared'
import { Attachments } from './attachments.js'
import type { Wait } from './awaiting.js'
import { Awaits } from './awaits.js'
import { type Address, Connection, type Status } from './connection.js'
import { type Job, jobNamed, type ResultOf } from './defineJob.js'
import type { AwaitResult, RelayError } from './errors.js'
import { Events } from './events.js'
import type { NewJob } from './newJob.js'
import type { Opt } from './options.js'
import { Outbox } from './outbox.js'
import { PendingRefs } from './pendingRefs.js'
import { attachRelay, type Relay } from './relay.js'
import { Submissions } from './submissions.js'

type AnyRelay = Relay<any, any, any> | PromiseLike<Relay<any, any, any>>

/** A caller of one hub. Its methods are bound, so they may be passed around. */
export interface Client extends AsyncDisposable {
  /**
   * Submits a job and resolves with its relay once the hub has durably stored it. Submitting the same job object again is
   * safe: it is the same job.
   * Rejects only with RelayError; with InvalidJobError before anything is sent when args or options are invalid, and with
   * `unreachable` when the hub has not confirmed in time: then the job may exist under `error.ref`. An aborted `signal`
   * stops submitting with `aborted`; it cancels nothing that is stored.
   */
  async<T, P, C>(job: NewJob<T, P, C>, options?: Opt<{ signal: AbortSignal }>): Promise<Relay<T, P, C>>
  /**
   * Submits jobs that are stored all or none, in one frame. Rejects like `async`, with the first refusal, and with
   * `payload_too_large` when they do not fit a frame.
   */
  asyncMany<const L extends readonly NewJob[]>(
    jobs: L,
  ): Promise<{ -readonly [K in keyof L]: L[K] extends NewJob<infer T, infer P, infer C> ? Relay<T, P, C> : never }>
  /**
   * Waits for a job's outcome: the latest stored one, else the next; with `withRetries` the one that ends the job. Never
   * rejects for what happens to the job: at the timeout (5000 ms by default) it gives an error that says what the job waits
   * for, and the job runs on. Rejects with TypeError for wrong arguments.
   */
  await<T>(relay: Relay<T, any, any> | PromiseLike<Relay<T, any, any>>, options?: Wait): Promise<AwaitResult<T>>
  /** Awaits several, in order, with one timeout counted from the call (5000 ms by default). What is not there by then is a `timeout`. */
  awaitMany<const L extends readonly AnyRelay[]>(
    relays: L,
    options?: Wait,
  ): Promise<{ -readonly [K in keyof L]: AwaitResult<ResultOf<Awaited<L[K]>>> }>
  /**
   * A relay from a ref, a relay or its JSON, typed by a job definition. It asks the hub nothing.
   * @throws {TypeError} for what names no ref
   */
  attach<T, P, C>(ref: string | { ref: string }, job: Job<any, any, any, T, P, C>): Relay<T, P, C>
  attach<T = unknown>(ref: string | { ref: string }): Relay<T>
  /**
   * Tells of every connection made and lost, and of errors that no call gets: a hub that cannot be reached or refuses us, a
   * token function that fails. Returns what ends it. What a listener throws is dropped.
   */
  on(event: 'connect' | 'disconnect' | 'error', listener: (error?: RelayError) => void): () => void
  /** Connects. Resolves with the first connection; rejects when refused or closed before, but is never an unhandled rejection. */
  readonly ready: Promise<void>
  /** `refused` and `closed` are final. */
  readonly status: Status
  /** Closes the connection: pending awaits give `closed`, pending submits reject with it, and so does whatever comes later. */
  close(): Promise<void>
}

export interface ClientSettings extends Omit<Address, 'namespace'> {
  /** Milliseconds a submit may take. */
  readonly submitTimeout: number
}

/** Builds a client from its rooms. */
export function makeClient({ submitTimeout, ...address }: ClientSettings): Client {
  const events = new Events()
  const pending = new PendingRefs()
  const connection: Connection<ClientAsks> = new Connection(
    { ...address, namespace: namespaces.client },
    {
      connected() {
        outbox.pump()
        attachments.schedule()
        events.tell('connect')
      },
      disconnected() {
        outbox.disconnected()
        attachments.disconnected()
        events.tell('disconnect')
      },
      failed: (error) => events.tell('error', error),
      ended(error) {
        awaits.end(error)
        submissions.end(error)
        if (error.code !== 'closed') events.tell('error', error)
      },
      hears: { outcomes: (outcomes: RefOutcome[]) => attachments.deliver(outcomes) },
    },
  )
  const outbox = new Outbox(connection, pending)
  const submissions = new Submissions({ outbox, submitTimeout, released: () => attachments.schedule() })
  const attachments = new Attachments(connection, pending, (ref) => submissions.isUnderWay(ref))
  const awaits = new Awaits({ connection, attachments, submissions })

  const close = async () => connection.close()
  const client = {
    async(job: NewJob, options?: { signal?: AbortSignal | undefined }) {
      connection.open()
      return submissions.one(job, options?.signal)
    },
    asyncMany(jobs: readonly NewJob[]) {
      connection.open()
      return submissions.all(jobs)
    },
    await: (relay: unknown, wait?: Wait) => awaits.all([relay], wait).then(([result]) => result),
    awaitMany: (relays: readonly unknown[], wait?: Wait) => awaits.all(relays, wait),
    attach: (ref: unknown, job?: Job) => attachRelay(ref, jobNamed(job)),
    on: events.on,
    get ready() {
      connection.open()
      return connection.ready
    },
    get status() {
      return connection.status
    },
    close,
    // Browsers that know no `await using` lack the symbol.
    ...(Symbol.asyncDispose && { [Symbol.asyncDispose]: close }),
  }
  return Object.freeze(client) as unknown as Client
}
