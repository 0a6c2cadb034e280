import type { Server as HttpServer, IncomingMessage, ServerOptions } from 'node:http'
import { type Limits, stopwatch } from '@anchorleg/shared'
import { Server } from 'socket.io'
import { type ServerOptions as LineOptions, WebSocketServer } from 'ws'
import type { Bounds } from '../bounds.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Admission } from './admission.js'
import { Decoder, Encoder } from './packets.js'
import { setUpTurnstiles } from './turnstile.js'

/** How long a peer may take to say goodbye when its connection is closed, in ms. */
const closeTimeout = 2_000

/** How often it is looked for requests that take too long to arrive, in ms. */
const longestCheck = 1_000

class LineServer extends WebSocketServer {
  constructor(options: LineOptions) {
    super({ ...options, closeTimeout } as LineOptions)
  }
}

/** How long a request, and then the next one on its line, may take to arrive. */
export function requestTerms({ handshakeTimeout }: Bounds): ServerOptions {
  return {
    headersTimeout: handshakeTimeout,
    requestTimeout: handshakeTimeout,
    connectionsCheckingInterval: Math.min(longestCheck, handshakeTimeout),
    maxHeaderSize: 16 * 1024,
  }
}

interface Terms {
  readonly path: string
  readonly limits: Limits
  readonly bounds: Bounds
  readonly admission: Admission
  readonly telemetry: TelemetryBus
  /** Why a request may not become a connection, whoever else is there. */
  readonly refuse: (request: IncomingMessage) => string | undefined
}

/** Takes connections in: those of peers that may come from where they come from, as many as there may be, each through a turnstile. */
export function openLines(http: HttpServer, { path, limits, bounds, admission, telemetry, refuse }: Terms): Server {
  const io = new Server(http, {
    path,
    serveClient: false,
    transports: ['websocket'],
    wsEngine: LineServer,
    parser: { Encoder, Decoder },
    perMessageDeflate: false,
    maxHttpBufferSize: limits.frameBytes,
    connectTimeout: bounds.handshakeTimeout,
    destroyUpgrade: false,
    allowRequest: (request, decide) => {
      const foreign = refuse(request)
      const refused = foreign ?? admission.line(request)
      if (refused) telemetry.tell({ type: 'peer.refused', code: foreign ? 'forbidden' : 'rate_limited', reason: refused })
      decide(refused, refused === undefined)
    },
  })
  // An upgrade that leads elsewhere is nobody's: its line would stay open without any timeout.
  const folder = path.replace(/\/?$/, '/')
  http.on('upgrade', ({ url = '' }, line) => {
    if (!url.startsWith(folder)) line.destroy()
  })
  setUpTurnstiles(io, { bounds, telemetry, clock: stopwatch })
  return io
}
