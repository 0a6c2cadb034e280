import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { notLoopback } from '../gates/loopback.js'
import type { Doorkeeper } from '../identity/doorkeeper.js'

/** Whether the hub can do its work right now, and if not, why. */
export type Readiness = () => Promise<{ readonly ready: true } | { readonly ready: false; readonly because: string }>

/** What a scrape of the metrics gives. */
export type Page = () => Promise<{ readonly type: string; readonly text: string }>

interface Rooms {
  readonly readiness: Readiness
  readonly metrics: Page
  readonly doorkeeper: Doorkeeper
  /** Whether anyone may read the metrics, which name queues. */
  readonly isMetricsOpen: boolean
}

/** Answers the hub's plain HTTP requests: `/healthz` while the process lives, `/readyz` while it can do its work, `/metrics` for Prometheus, and a line at `/`. */
export function probes(rooms: Rooms): RequestListener {
  return (request, response) => {
    const refused = rooms.doorkeeper.isOpen ? notLoopback(request) : undefined
    if (refused) return answer(response, 403, refused)
    void respond(request, response, rooms)
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, rooms: Rooms): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'Only GET and HEAD are answered here.')
  switch ((request.url ?? '/').split('?')[0]) {
    case '/healthz':
      return answer(response, 200, 'alive')
    case '/readyz': {
      const state = await rooms.readiness()
      return state.ready ? answer(response, 200, 'ready') : answer(response, 503, state.because)
    }
    case '/metrics': {
      if (!(await mayMeasure(request, rooms))) return answer(response, 401, 'The metrics want the token of an admin as Bearer.')
      const { type, text } = await rooms.metrics()
      return answer(response, 200, text, type)
    }
    case '/':
      return answer(response, 200, 'This is an Anchorleg hub. Connect to it with @anchorleg/client.')
    default:
      return answer(response, 404, 'There is nothing here.')
  }
}

/** Metrics are of all tenants together. */
async function mayMeasure(request: IncomingMessage, { doorkeeper, isMetricsOpen }: Rooms): Promise<boolean> {
  if (isMetricsOpen || doorkeeper.isOpen) return true
  const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
  if (token === undefined) return false
  const principal = await doorkeeper.identify('admin', token, request).catch(() => undefined)
  return principal?.role === 'admin' && principal.tenant === undefined
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  response.end(`${text}\n`)
}
