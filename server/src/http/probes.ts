import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { notLoopback } from '../gates/loopback.js'

/** Whether the hub can do its work right now, and if not, why. */
export type Readiness = () => Promise<{ readonly ready: true } | { readonly ready: false; readonly because: string }>

/** What a scrape of the metrics gives. */
export type Page = () => Promise<{ readonly type: string; readonly text: string }>

/** Answers the hub's plain HTTP requests: `/healthz` while the process lives, `/readyz` while it can do its work, `/metrics` for Prometheus, and a line at `/`. */
export function probes(readiness: Readiness, metrics: Page): RequestListener {
  return (request, response) => {
    const refused = notLoopback(request)
    if (refused) return answer(response, 403, refused)
    void respond(request, response, { readiness, metrics })
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { readiness, metrics }: { readiness: Readiness; metrics: Page },
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'Only GET and HEAD are answered here.')
  switch ((request.url ?? '/').split('?')[0]) {
    case '/healthz':
      return answer(response, 200, 'alive')
    case '/readyz': {
      const state = await readiness()
      return state.ready ? answer(response, 200, 'ready') : answer(response, 503, state.because)
    }
    case '/metrics': {
      const { type, text } = await metrics()
      return answer(response, 200, text, type)
    }
    case '/':
      return answer(response, 200, 'This is an Anchorleg hub. Connect to it with @anchorleg/client.')
    default:
      return answer(response, 404, 'There is nothing here.')
  }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  response.end(`${text}\n`)
}
