import { type ClientAsks, namespaces, type RefOutcome, type WatchEvent as Told } from '@anchorleg/shared'
import { Attachments } from './attachments.js'
import type { Wait } from './awaiting.js'
import { Awaits } from './awaits.js'
import { type Cancellation, Cancellations } from './cancellations.js'
import { type Address, Connection, type Listener, type Status } from './connection.js'
import { type Job, jobNamed, type ResultOf } from './defineJob.js'
import type { AwaitResult, RelayError } from './errors.js'
import { Events } from './events.js'
import { type Inspection, Inspections } from './inspections.js'
import type { NewJob } from './newJob.js'
import { type Opt, optionsOf } from './options.js'
import { Outbox } from './outbox.js'
import { PendingRefs } from './pendingRefs.js'
import { stayAttached } from './presence.js'
import { attachRelay, type Relay } from './relay.js'
import { type AsyncOptions, Submissions } from './submissions.js'
import type { WatchEvent } from './watchEvent.js'
import { Watches } from './watches.js'

type May<T> = T | PromiseLike<T>
type AnyRelay = May<Relay<any, any, any>>

/** A caller of one hub. Its methods are bound, so they may be passed around. */
export interface Client extends AsyncDisposable {
  /**
   * Submits a job and resolves with its relay once the hub has durably stored it. Submitting the same job object again is
   * safe: it is the same job.
   * Rejects only with RelayError; with InvalidJobError before anything is sent when args or options are invalid, and with
   * `unreachable` when the hub has not confirmed in time: then the job may exist under `error.ref`. An aborted `signal`
   * stops submitting with `aborted`; it cancels nothing that is stored. With `cancelOnDisconnect` the hub cancels the job when
   * nobody has been attached to it for 30 s; this client is, as long as it lives.
   */
  async<T, P, C>(job: NewJob<T, P, C>, options?: AsyncOptions): Promise<Relay<T, P, C>>
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
  await<T>(relay: May<Relay<T, any, any>>, options?: Wait): Promise<AwaitResult<T>>
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
   * Cancels a job, with a reason for whoever awaits it and for the handler that runs it. One that waits ends at once; one that
   * runs is asked to stop, and what it ends as is the answer, for which this waits at most 30 s. A job that finished first
   * stays finished: `cancelled` is false then, and `state` says how it ended.
   * Rejects with RelayError: `not_found`, `expired`, `unreachable` when the hub does not answer in time, `payload_too_large`;
   * and with TypeError for a reason that cannot be encoded, naming the path.
   */
  cancel(relay: AnyRelay, options?: Opt<{ reason: unknown }>): Promise<Cancellation>
  /** All there is to know about a job but its args and its result. Rejects like `cancel`. */
  inspect(relay: AnyRelay): Promise<Inspection>
  /**
   * Follows a job: first what is stored (the current state, the latest progress, the chunks of the latest run, the latest
   * outcome), then what happens, without a gap or a repeat within a run, over lost connections too. Each walk through it
   * starts from there, so it may be watched again after a reload.
   *
   * A run is one claim of the job by a worker. An attempt that is given back, by a snooze or by a worker that drains, is run
   * anew under its number: then a `state` event comes, and the index of its chunks starts from 0 again.
   *
   * It ends after the final outcome, and quietly when the watcher itself leaves: by `break`, by its `signal`, by closing the
   * client. It throws RelayError for anything else: `not_found`, `expired`, `unauthorized`, `forbidden`, or `undecodable` for
   * progress or a chunk that cannot be read here.
   *
   * Chunks and outcomes wait for a slow reader; progress unread gives way to newer progress.
   * @throws {TypeError} for what is no relay
   */
  watch<T, P, C>(relay: May<Relay<T, P, C>>, options?: Opt<{ signal: AbortSignal }>): AsyncIterable<WatchEvent<T, P, C>>
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
  /** Milliseconds that a running job has to end after it was cancelled. */
  readonly endsWithin?: number
}

/** Builds a client from its rooms. */
export function makeClient(settings: ClientSettings): Client {
  const { connection, events, submissions, attachments, awaits, cancellations, inspections, watches } = furnish(settings)
  const close = async () => connection.close()
  const client = {
    async(job: NewJob, options?: AsyncOptions) {
      connection.open()
      const submitted = submissions.one(job, options)
      if (options?.cancelOnDisconnect === true) stayAttached(attachments, job?.ref, submitted)
      return submitted
    },
    asyncMany(jobs: readonly NewJob[]) {
      connection.open()
      return submissions.all(jobs)
    },
    await: (relay: unknown, wait?: Wait) => awaits.one(relay, wait),
    awaitMany: (relays: readonly unknown[], wait?: Wait) => awaits.all(relays, wait),
    cancel: (relay: unknown, options?: Opt<{ reason: unknown }>) => cancellations.cancel(relay, options),
    inspect: (relay: unknown) => inspections.inspect(relay),
    watch: (relay: unknown, options?: Opt<{ signal: AbortSignal }>) => watches.watch(relay, optionsOf(options, ['signal']).signal),
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

type Furnished = ReturnType<typeof furnish>

/** Sets up the rooms behind a client. */
function furnish({ submitTimeout, endsWithin, ...address }: ClientSettings) {
  const events = new Events()
  const pending = new PendingRefs()
  const connection: Connection<ClientAsks> = new Connection(
    { ...address, namespace: namespaces.client },
    listenerOf(() => rooms),
  )
  const outbox = new Outbox(connection, pending)
  const submissions = new Submissions({ outbox, submitTimeout, released: () => askOn(rooms) })
  const isUnderWay = (ref: string) => submissions.isUnderWay(ref)
  const attachments = new Attachments(connection, pending, isUnderWay)
  const awaits = new Awaits({ connection, attachments, submissions })
  const cancellations = new Cancellations({ connection, attachments, isUnderWay, submitTimeout, endsWithin })
  const inspections = new Inspections({ connection, isUnderWay, submitTimeout })
  const watches = new Watches({ connection, isUnderWay })
  const rooms = { events, connection, outbox, submissions, attachments, awaits, cancellations, inspections, watches } as const
  return rooms
}

/** Asks the hub what is to be asked: it is there again, or knows a ref that it did not. */
function askOn({ attachments, cancellations, inspections, watches }: Furnished): void {
  attachments.schedule()
  for (const { inquiries } of [cancellations, inspections, watches]) inquiries.schedule()
}

/** What the rooms make of what the connection tells. */
function listenerOf(rooms: () => Furnished): Listener {
  return {
    connected() {
      rooms().outbox.pump()
      askOn(rooms())
      rooms().events.tell('connect')
    },
    disconnected() {
      const { outbox, attachments, cancellations, inspections, watches, events } = rooms()
      for (const room of [outbox, attachments, cancellations.inquiries, inspections.inquiries, watches]) room.disconnected()
      events.tell('disconnect')
    },
    failed: (error) => rooms().events.tell('error', error),
    ended(error) {
      const { awaits, submissions, cancellations, inspections, watches, events } = rooms()
      for (const room of [awaits, submissions, cancellations, inspections.inquiries, watches]) room.end(error)
      if (error.code !== 'closed') events.tell('error', error)
    },
    hears: {
      outcomes: (outcomes: RefOutcome[]) => rooms().attachments.deliver(outcomes),
      events: (told: Told[]) => rooms().watches.deliver(told),
      expired(refs: string[]) {
        rooms().attachments.expired(refs)
        rooms().watches.expired(refs)
      },
    },
  }
}
