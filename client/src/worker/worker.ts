import { type Assignment, after, type Lease, namespaces, type Settlement, type WorkerAsks } from '@anchorleg/shared'
import type { HubUrl } from '../address.js'
import { backoff } from '../backoff.js'
import { Connection } from '../connection.js'
import { quietlyDeferred } from '../deferred.js'
import { RelayError } from '../errors.js'
import { demand, milliseconds, type Opt, optionsOf } from '../options.js'
import { within } from '../within.js'
import { Emissions } from './emissions.js'
import { LeaseKeeper } from './leaseKeeper.js'
import { readWorkerOptions, type WorkerOptions, type WorkerSettings } from './options.js'
import { ProgressReports } from './progressReports.js'
import { RememberedToken } from './rememberedToken.js'
import { type Cancel, Runs } from './runs.js'
import { Settlements } from './settlements.js'

/** A process that runs jobs for a hub. */
export interface Worker extends AsyncDisposable {
  /** Resolves when it has first registered; rejects when refused or closed before, but is never an unhandled rejection. */
  readonly ready: Promise<void>
  /**
   * Stops well: takes no further jobs, lets those running finish, and disconnects once their outcomes are stored. At the
   * timeout (25,000 ms by default) the rest is aborted and handed back to the hub, the attempt not consumed.
   * Never rejects for what happens to the jobs. Safe to call twice.
   */
  drain(options?: Opt<{ timeout: number }>): Promise<void>
  /**
   * Stops now: aborts what runs and hands it back to the hub, the attempt not consumed; gives outcomes that are finished up
   * to 2 s to be stored; disconnects. Safe to call twice, and during a drain.
   */
  close(): Promise<void>
}

/**
 * Starts a worker, which connects at once. It stays connected until it is drained, closed or refused, and keeps the jobs
 * it runs over a lost connection. Signals of the process are the program's own: on SIGTERM, call `drain`.
 * @throws {TypeError} at once, for options that are not as they must be
 */
export function createWorker(url: HubUrl, options: WorkerOptions): Worker {
  const worker = new ConnectedWorker(readWorkerOptions(url, options))
  const close = () => worker.stop(0)
  return {
    ready: worker.ready,
    drain: async (options) => worker.stop(drainTimeoutOf(options)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function drainTimeoutOf(options: Parameters<Worker['drain']>[0]): number {
  const { timeout = 25_000 } = optionsOf(options, ['timeout'])
  demand('timeout', milliseconds, timeout)
  return timeout
}

/** Milliseconds that finished outcomes and jobs handed back have to reach the hub, once everything else has stopped. */
const flushWithin = 2_000

class ConnectedWorker {
  readonly #ready = quietlyDeferred()
  readonly #connection: Connection<WorkerAsks>
  readonly #runs: Runs
  readonly #settlements: Settlements
  readonly #emissions: Emissions
  readonly #reports: ProgressReports
  readonly #keeper: LeaseKeeper
  #refusals = 0
  #isReachable = true
  #isRegistered = false
  #stopping: Promise<void> | undefined
  readonly #hurry = quietlyDeferred()

  constructor(private readonly settings: WorkerSettings) {
    const { log, tasks, address } = settings
    const token = new RememberedToken(address.token)
    const lost = (leases: Lease[]) => this.#lose(leases)
    const place = { ...address, token: token.forConnection, namespace: namespaces.worker }
    const connection: Connection<WorkerAsks> = new Connection(place, this.#listener())
    this.#connection = connection
    this.#keeper = new LeaseKeeper({ connection, addresses: address.addresses, token, log, lost })
    this.#settlements = new Settlements(connection, log, (lease) => this.#keeper.free(lease))
    this.#emissions = new Emissions(connection, lost)
    this.#reports = new ProgressReports(connection, lost)
    const settled = (settlement: Settlement) => this.#settlements.add(settlement)
    this.#runs = new Runs({ tasks, log, settled, emissions: this.#emissions, reports: this.#reports })
    connection.open()
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Lets what runs finish for so many ms at the latest, then stops. */
  stop(timeout: number): Promise<void> {
    const cancel = timeout > 0 ? after(timeout, this.#hurry.resolve) : this.#hurry.resolve()
    this.#stopping ??= this.#stop(timeout > 0)
    return this.#stopping.then(() => cancel?.())
  }

  #listener() {
    return {
      connected: () => {
        this.#isReachable = true
        void this.#register()
      },
      disconnected: () => {
        for (const room of [this.#settlements, this.#emissions, this.#reports]) room.pause()
      },
      failed: (error: RelayError) => {
        if (this.#isReachable) this.settings.log.warn(error.message)
        this.#isReachable = false
      },
      ended: (error: RelayError) => {
        this.#ready.reject(error)
        this.#drop(this.#runs.leases, error)
        this.#settlements.abandon()
        void this.#keeper.close()
        if (error.code !== 'closed') this.settings.log.error(`The hub refuses this worker: ${error.message}`, { code: error.code })
      },
      hears: {
        perform: this.#onceRegistered((assignments: Assignment[], acknowledge: () => void) => this.#perform(assignments, acknowledge)),
        lost: this.#onceRegistered((leases: Lease[]) => this.#lose(leases)),
        cancel: this.#onceRegistered((cancels: Cancel[]) => this.#runs.cancel(cancels)),
      },
    }
  }

  /**
   * Hears in order, but nothing before the first registration has been taken in: a job may come in the same breath as its answer, and
   * keep this thread busy before there is another that renews its lease.
   */
  #onceRegistered<Heard extends unknown[]>(hear: (...heard: Heard) => void): (...heard: Heard) => void {
    return (...heard) => {
      if (this.#isRegistered) hear(...heard)
      else
        this.#ready.promise.then(
          () => hear(...heard),
          () => {},
        )
    }
  }

  /** Says what this worker runs and still holds; one that stops has no slots to offer. */
  async #register(): Promise<void> {
    const { tasks, queues } = this.settings
    const held = this.#leases()
    const offer = this.#stopping ? { names: [], queues: {} } : { names: [...tasks.keys()], queues }
    const reply = await this.#connection.ask('register', { ...offer, held })
    // A connection registers once, so another try needs another connection.
    if ('lost' in reply) return reply.lost === 'late' ? this.#connection.renew() : undefined
    if ('refused' in reply) return this.#refused(reply.refused)
    this.#refusals = 0
    this.#lose(held.filter((_, i) => reply.ok.held[i] === false))
    this.#keeper.start(reply.ok.leaseMs)
    for (const room of [this.#reports, this.#emissions, this.#settlements]) room.resume()
    this.#ready.resolve()
    await this.#ready.promise
    this.#isRegistered = true
  }

  #refused({ code, message }: { readonly code: string; readonly message: string }): void {
    this.settings.log.warn(`The hub did not register this worker: ${message}`, { code })
    const transient = code === 'store_unavailable' || code === 'rate_limited' || code === 'closed'
    if (transient) after(backoff(this.#refusals++), () => this.#connection.renew())
    else this.#connection.refuse(new RelayError(code === 'unauthorized' ? code : 'forbidden', message))
  }

  /** Jobs are acknowledged once they are on the board of leases, and before one of them may keep this thread busy. */
  #perform(assignments: readonly Assignment[], acknowledge: () => void): void {
    if (!this.#stopping) this.#keeper.hold(assignments)
    acknowledge()
    // Sent before the hub knew that we stop.
    if (this.#stopping) return void this.#release(assignments.map(({ jobId, lease }) => ({ jobId, lease })))
    const resultBytes = this.#connection.limits?.resultBytes ?? Number.POSITIVE_INFINITY
    for (const assignment of assignments) this.#runs.start(assignment, resultBytes)
  }

  /** What runs, and what has run but is not stored yet. */
  #leases(): Lease[] {
    return [...this.#runs.leases, ...this.#settlements.leases]
  }

  #lose(leases: readonly Lease[]): void {
    const dropped = this.#drop(leases, new Error('The lease on this job was lost.'))
    for (const { jobId } of dropped) this.settings.log.warn('The lease on a job was lost; its attempt is aborted.', { id: jobId })
  }

  #drop(leases: readonly Lease[], reason: Error): Lease[] {
    const dropped = this.#runs.drop(leases, reason)
    for (const { lease } of dropped) this.#keeper.free(lease)
    return dropped
  }

  #release(release: Lease[]): Promise<unknown> | undefined {
    return this.#connection.status === 'connected' ? this.#connection.ask('drain', { release }) : undefined
  }

  async #stop(patient: boolean): Promise<void> {
    if (patient) void this.#release([])
    await Promise.race([this.#runs.idle().then(() => this.#settlements.flushed()), this.#hurry.promise])
    const rest = this.#drop(this.#runs.leases, new Error('The worker stops.'))
    const released = rest.length > 0 ? this.#release(rest) : undefined
    if (this.#connection.status === 'connected') await within(flushWithin, Promise.all([released, this.#settlements.flushed()]))
    this.#connection.close()
    await this.#keeper.close()
  }
}
