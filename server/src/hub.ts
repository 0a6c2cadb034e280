import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http'
import { after, endOfTurn, mintLease, namespaces, steadyClock, stopwatch } from '@anchorleg/shared'
import type { Server } from 'socket.io'
import { Attendant } from './attendant.js'
import { Canceller } from './canceller.js'
import { type HubConfig, type HubOptions, readConfig, storeName } from './config.js'
import { Courier } from './courier.js'
import { Dispatcher } from './dispatcher.js'
import { Foreman } from './foreman.js'
import { openAdminGate } from './gates/adminGate.js'
import { Admission } from './gates/admission.js'
import { Allowances } from './gates/allowances.js'
import { openClientGate } from './gates/clientGate.js'
import { foreignOrigin } from './gates/foreignOrigin.js'
import { letNobodyIn } from './gates/handshake.js'
import { notLoopback } from './gates/loopback.js'
import { openLines, requestTerms } from './gates/openLines.js'
import { openWorkerGate } from './gates/workerGate.js'
import { Herald } from './herald.js'
import { probes } from './http/probes.js'
import { Doorkeeper } from './identity/doorkeeper.js'
import { soleTenant } from './identity/principal.js'
import { Intake } from './intake.js'
import { Liaison } from './liaison.js'
import { Lifeline } from './lifeline.js'
import { type Logger, logTelemetry, openLog } from './log.js'
import { Metrics } from './metrics.js'
import { Neighbours } from './neighbours.js'
import type { Notifier } from './notifier/notifier.js'
import { openNotifier } from './notifier/openNotifier.js'
import { Pruner } from './pruner.js'
import { Receipts } from './receipts.js'
import { Reporter } from './reporter.js'
import { Roster } from './roster.js'
import { Settler } from './settler.js'
import { Stager } from './stager.js'
import { openStore } from './store/openStore.js'
import type { Store } from './store/store.js'
import { TelemetryBus } from './telemetry.js'
import { Watchers } from './watchers.js'

/** Tombstones of pruned jobs live this long, in ms: the documented idempotency window. */
const tombstoneMs = 7 * 86_400_000

/** How long a running job may still take once its cancellation was asked for, in ms. */
const cancelGraceMs = 10_000

/** How long a job with `cancelOnDisconnect` waits for somebody to come back, in ms. */
const patienceMs = 30_000

/** How long a peer may take to answer the goodbye of a hub that stops, in ms. */
const goodbyeMs = 1_000

/** How long a readiness probe waits for the store, in ms. */
const probeMs = 1_000

/** A hub that listens. */
export interface Hub extends AsyncDisposable {
  /** Its address, as `connect` and `createWorker` take it. */
  readonly url: string
  /** Claims nothing more from a queue, once it has resolved; jobs that run go on. It is stored: a restart keeps it. */
  pause(queue: string): Promise<void>
  /** Claims from a paused queue again. */
  resume(queue: string): Promise<void>
  /** Lets at most so many jobs of a queue run at once on all workers together; null for any number. It is stored. */
  limit(queue: string, limit: number | null): Promise<void>
  /**
   * Reopens a job that has ended, under its refs: it runs again, and its outcomes go on being numbered. Resolves with whether it had.
   * Without a tenant it is the one of a hub that authenticates nobody.
   */
  retry(ref: string, of?: { readonly tenant?: string | undefined }): Promise<boolean>
  /** Takes nothing more, finishes what is being stored, closes every connection and the store. Safe to call twice. */
  close(): Promise<void>
}

/** A hub that is configured but does nothing yet. */
export interface HubPlan {
  /**
   * Opens the store, begins to listen, and resolves when callers and workers may connect.
   * Rejects with `StoreRefused` or with Node's error when the address cannot be had; nothing is left open then.
   */
  listen(): Promise<Hub>
}

/**
 * Configures a hub: the place that stores jobs, routes each to a connected worker and each result to whoever awaits it.
 * @throws {ConfigError} at once, for options that are not as they must be
 */
export function createHub(options: HubOptions = {}): HubPlan {
  const config = readConfig(options)
  return { listen: () => listen(config, openLog(config.logLevel)) }
}

async function listen(config: HubConfig, log: Logger): Promise<Hub> {
  const telemetry = new TelemetryBus()
  logTelemetry(telemetry, log)
  const hub = mintLease()
  const store = await openStore(config.store, {
    hub,
    leaseMs: config.lease,
    cancelGraceMs,
    retentionMs: config.retention * 1000,
    tombstoneMs,
    committed: (commit) => telemetry.tell({ type: 'store.committed', ...commit }),
    opened: (facts) => log.info(facts, 'store opened'),
  })
  const state = { ready: false, because: 'starting' }
  const notifier = await openNotifier(config.store, hub, telemetry)
  try {
    const rooms = furnish(config, { store, notifier, telemetry })
    const readiness = async () => (state.ready ? probeStore(store, telemetry) : ({ ready: false, because: state.because } as const))
    const metrics = async () => ({ type: rooms.metrics.contentType, text: await rooms.metrics.text() })
    const http = createServer(
      requestTerms(config.bounds),
      probes({ readiness, metrics, doorkeeper: rooms.doorkeeper, isMetricsOpen: config.metrics === 'open' }),
    )
    const io = openGates(http, config, rooms)
    const url = await bind(http, config)
    await rooms.foreman.start()
    rooms.lifeline.start()
    rooms.attendant.start()
    rooms.liaison.start()
    rooms.neighbours.start(rooms.roster)
    rooms.stager.start()
    rooms.pruner.start()
    state.ready = true
    if (rooms.doorkeeper.isOpen) log.info('this hub authenticates nobody, so it listens on loopback only: whoever reaches it may do anything')
    log.info({ url, store: storeName(config.store), lease: config.lease, limits: config.limits }, 'hub listening')
    return new ListeningHub({ url, config, log, http, io, store, rooms, state })
  } catch (error) {
    await notifier.close()
    await store.close()
    throw error
  }
}

type Furnished = ReturnType<typeof furnish>

interface Found {
  readonly store: Store
  readonly notifier: Notifier
  readonly telemetry: TelemetryBus
}

/** Sets up the rooms between the gates and the store. */
function furnish(config: HubConfig, { store, notifier, telemetry }: Found) {
  const clock = steadyClock()
  const doorkeeper = new Doorkeeper(config.identity)
  const neighbours = new Neighbours(notifier, clock)
  const roster = new Roster(neighbours)
  const herald = new Herald({ notifier, telemetry })
  const dispatcher = new Dispatcher({ roster, store, notifier, herald, telemetry, clock })
  const receipts = new Receipts({ store, roster, dispatcher, notifier, herald, telemetry }, config.lease)
  const stager = new Stager({ store, dispatcher, notifier, telemetry })
  const courier = new Courier(store, roster)
  const watchers = new Watchers(store, clock)
  const metrics = new Metrics({ store, roster, courier })
  telemetry.subscribe((event) => watchers.hear(event), ['job.claimed', 'job.available'])
  telemetry.subscribe((event) => metrics.hear(event))
  for (const room of [courier, watchers, stager]) herald.subscribe((announcements) => room.deliver(announcements))
  const canceller = new Canceller({ store, roster, notifier, herald, telemetry }, cancelGraceMs)
  const attendant = new Attendant({ store, courier, watchers, canceller, telemetry, clock }, patienceMs)
  const foreman = new Foreman({ store, dispatcher, notifier, telemetry })
  const reporter = new Reporter(store, watchers, notifier)
  const intake = new Intake({ store, notifier, dispatcher, courier, attendant, stager, telemetry })
  const settler = new Settler({ store, roster, dispatcher, notifier, herald, telemetry })
  const terms = { leaseMs: config.lease, graceMs: config.grace }
  const lifeline = new Lifeline({ store, roster, dispatcher, notifier, herald, telemetry, clock }, terms)
  const pruner = new Pruner({ store, courier, watchers, notifier, telemetry }, config.retention * 1000)
  const liaison = new Liaison({ roster, dispatcher, courier, watchers, canceller, lifeline, foreman, neighbours, notifier, telemetry })
  return {
    doorkeeper,
    telemetry,
    notifier,
    neighbours,
    liaison,
    metrics,
    roster,
    dispatcher,
    receipts,
    stager,
    courier,
    watchers,
    canceller,
    attendant,
    foreman,
    reporter,
    intake,
    settler,
    lifeline,
    pruner,
  }
}

function openGates(http: HttpServer, config: HubConfig, rooms: Furnished): Server {
  const { limits, bounds, path } = config
  const admission = new Admission(bounds)
  const refuse = (request: IncomingMessage) => (rooms.doorkeeper.isOpen ? notLoopback(request) : foreignOrigin(request, config.origins ?? []))
  const io = openLines(http, { path, limits, bounds, admission, telemetry: rooms.telemetry, refuse })
  const allowances = new Allowances(bounds, stopwatch)
  letNobodyIn(io.of('/'))
  openClientGate(io.of(namespaces.client), { ...rooms, limits, bounds, admission, allowances })
  openWorkerGate(io.of(namespaces.worker), { ...rooms, limits, admission, leaseMs: config.lease })
  openAdminGate(io.of(namespaces.admin), { ...rooms, limits, admission })
  return io
}

function bind(http: HttpServer, { host, port }: HubConfig): Promise<string> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen({ host, port }, () => {
      http.off('error', reject)
      const address = http.address()
      const bound = typeof address === 'object' && address ? address.port : port
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`)
    })
  })
}

async function probeStore(store: Store, telemetry: TelemetryBus) {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`no answer in ${probeMs} ms`)), probeMs).unref())
  try {
    await Promise.race([store.read([]), late])
    return { ready: true } as const
  } catch (error) {
    // Why is for the log: whoever asks may be anybody.
    telemetry.tell({ type: 'store.failed', during: 'probe', error })
    return { ready: false, because: 'the store does not answer' } as const
  }
}

interface Parts {
  readonly url: string
  readonly config: HubConfig
  readonly log: Logger
  readonly http: HttpServer
  readonly io: Server
  readonly store: Store
  readonly rooms: Furnished
  readonly state: { ready: boolean; because: string }
}

class ListeningHub implements Hub {
  readonly url: string
  #closing: Promise<void> | undefined

  constructor(private readonly parts: Parts) {
    this.url = parts.url
  }

  async pause(queue: string): Promise<void> {
    await this.parts.rooms.foreman.setQueues([{ queue, paused: true }])
  }

  async resume(queue: string): Promise<void> {
    await this.parts.rooms.foreman.setQueues([{ queue, paused: false }])
  }

  async limit(queue: string, limit: number | null): Promise<void> {
    await this.parts.rooms.foreman.setQueues([{ queue, limit }])
  }

  async retry(ref: string, { tenant = soleTenant }: { readonly tenant?: string | undefined } = {}): Promise<boolean> {
    const [verdict] = await this.parts.rooms.foreman.retry([{ tenant, ref }])
    return verdict === 'retried'
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { state, rooms, io, http, store, log, url, config } = this.parts
    state.ready = false
    state.because = 'draining'
    log.info({ url }, 'hub draining')
    for (const agent of [rooms.dispatcher, rooms.stager, rooms.lifeline, rooms.pruner, rooms.attendant, rooms.liaison, rooms.neighbours]) agent.stop()
    await flushed(rooms, config.drainTimeout)
    rooms.receipts.stop()
    await hangUp(io, http, Math.min(goodbyeMs, config.drainTimeout))
    // What was claimed for workers that are gone now is given back, or it would cost each job an attempt.
    await rooms.dispatcher.idle()
    await rooms.notifier.close()
    await store.close()
    log.info({ url }, 'hub closed')
  }
}

/** What of an engine's connection is used here. */
interface EngineLine {
  readonly transport?: { readonly socket?: { terminate?(): void } }
}

/** Ends every connection. Peers that do not answer the goodbye in time, frozen or silent ones, are cut. */
async function hangUp(io: Server, http: HttpServer, ms: number): Promise<void> {
  const lines = Object.values((io.engine as unknown as { readonly clients: Readonly<Record<string, EngineLine>> }).clients)
  const closed = io.close()
  const stop = after(ms, () => {
    for (const { transport } of lines) transport?.socket?.terminate?.()
    http.closeAllConnections()
  })
  await closed
  stop()
}

/** What was reported and submitted before is answered first, and the jobs that were sent are acknowledged or given back, as far as there is time. */
async function flushed({ intake, settler, receipts }: Furnished, ms: number): Promise<void> {
  const clock = steadyClock()
  const end = clock.now() + ms
  await new Promise<void>((resolve) => endOfTurn(resolve))
  while (!(intake.idle && settler.idle && receipts.idle) && clock.now() < end) await new Promise<void>((resolve) => void after(10, resolve))
}
