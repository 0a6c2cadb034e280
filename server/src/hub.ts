import { createServer, type Server as HttpServer } from 'node:http'
import { namespaces, steadyClock } from '@anchorleg/shared'
import { Server } from 'socket.io'
import { WebSocketServer } from 'ws'
import { type HubConfig, type HubOptions, readConfig, storeName } from './config.js'
import { Courier } from './courier.js'
import { Dispatcher } from './dispatcher.js'
import { openClientGate } from './gates/clientGate.js'
import { notLoopback } from './gates/loopback.js'
import { openWorkerGate } from './gates/workerGate.js'
import { probes } from './http/probes.js'
import { Intake } from './intake.js'
import { Lifeline } from './lifeline.js'
import { type Logger, logTelemetry, openLog } from './log.js'
import { LocalNotifier } from './notifier/localNotifier.js'
import { Pruner } from './pruner.js'
import { Roster } from './roster.js'
import { Settler } from './settler.js'
import { Stager } from './stager.js'
import { openStore } from './store/openStore.js'
import type { Store } from './store/store.js'
import { TelemetryBus } from './telemetry.js'

/** Tombstones of pruned jobs live this long, in ms: the documented idempotency window. */
const tombstoneMs = 7 * 86_400_000

/** How long a readiness probe waits for the store, in ms. */
const probeMs = 1_000

/** A hub that listens. */
export interface Hub extends AsyncDisposable {
  /** Its address, as `connect` and `createWorker` take it. */
  readonly url: string
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
  const store = await openStore(config.store, { leaseMs: config.lease, retentionMs: config.retention * 1000, tombstoneMs })
  const state = { ready: false, because: 'starting' }
  const http = createServer(probes(async () => (state.ready ? probeStore(store) : { ready: false, because: state.because })))
  try {
    const rooms = furnish(config, store, log)
    const io = openGates(http, config, rooms)
    const url = await bind(http, config)
    await rooms.lifeline.start()
    rooms.stager.start()
    rooms.pruner.start()
    state.ready = true
    log.info({ url, store: storeName(config.store), lease: config.lease, limits: config.limits }, 'hub listening')
    return new ListeningHub({ url, config, log, http, io, store, rooms, state })
  } catch (error) {
    await store.close()
    throw error
  }
}

type Furnished = ReturnType<typeof furnish>

/** Sets up the rooms between the gates and the store. */
function furnish(config: HubConfig, store: Store, log: Logger) {
  const clock = steadyClock()
  const telemetry = new TelemetryBus()
  telemetry.subscribe(logTelemetry(log))
  const roster = new Roster()
  const dispatcher = new Dispatcher(roster, store, telemetry)
  const stager = new Stager(store, dispatcher, telemetry, clock)
  const notifier = new LocalNotifier()
  const courier = new Courier(store, roster)
  notifier.subscribe((announcements) => courier.deliver(announcements))
  const intake = new Intake({ store, dispatcher, courier, stager, telemetry })
  const settler = new Settler({ store, roster, dispatcher, notifier, stager, telemetry })
  const terms = { leaseMs: config.lease, graceMs: config.grace }
  const lifeline = new Lifeline({ store, roster, dispatcher, notifier, stager, telemetry, clock }, terms)
  const pruner = new Pruner(store, telemetry, config.retention * 1000)
  return { telemetry, roster, dispatcher, stager, courier, intake, settler, lifeline, pruner }
}

function openGates(http: HttpServer, config: HubConfig, rooms: Furnished): Server {
  const { limits } = config
  const io = new Server(http, {
    path: config.path,
    serveClient: false,
    transports: ['websocket'],
    wsEngine: WebSocketServer,
    perMessageDeflate: false,
    maxHttpBufferSize: limits.frameBytes,
    allowRequest: (request, decide) => {
      const refused = notLoopback(request)
      if (refused) rooms.telemetry.tell({ type: 'peer.refused', code: 'forbidden', reason: refused })
      decide(refused, refused === undefined)
    },
  })
  openClientGate(io.of(namespaces.client), { ...rooms, limits })
  openWorkerGate(io.of(namespaces.worker), { ...rooms, limits, leaseMs: config.lease })
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

async function probeStore(store: Store) {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`no answer in ${probeMs} ms`)), probeMs).unref())
  try {
    await Promise.race([store.read([]), late])
    return { ready: true } as const
  } catch (error) {
    return { ready: false, because: `the store does not answer: ${error instanceof Error ? error.message : String(error)}` } as const
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

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { state, rooms, io, store, log, url } = this.parts
    state.ready = false
    state.because = 'draining'
    log.info({ url }, 'hub draining')
    for (const agent of [rooms.dispatcher, rooms.stager, rooms.lifeline, rooms.pruner]) agent.stop()
    await io.close()
    // What was claimed for workers that are gone now is given back, or it would cost each job an attempt.
    await rooms.dispatcher.idle()
    await store.close()
    log.info({ url }, 'hub closed')
  }
}
