import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const kinds: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4041' }, hub: { type: 'string', default: 'http://127.0.0.1:4040' } },
})

/** The built page is a handful of files: all of it is read at start, and nothing else can be asked for. */
function readSite(folder: string): Map<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  return new Map(paths.map((path) => [`/${relative(folder, path).split(sep).join('/')}`, readFileSync(path)]))
}

const site = readSite(fileURLToPath(new URL('./site/', import.meta.url)))
site.set('/studio.json', Buffer.from(JSON.stringify({ hub: values.hub })))

const socket = values.hub.replace(/^http/, 'ws')
const headers = {
  'content-security-policy': `default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ${values.hub} ${socket}; base-uri 'none'; form-action 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

const server = createServer((request, response) => {
  const [asked] = (request.url ?? '/').split('?')
  const path = asked === '/' ? '/index.html' : `${asked}`
  const body = site.get(path)
  const lasting = path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache'
  if (!body) {
    response.writeHead(404, headers).end('There is nothing here.')
    return
  }
  response.writeHead(200, { ...headers, 'content-type': kinds[extname(path)] ?? 'application/octet-stream', 'cache-control': lasting })
  response.end(request.method === 'HEAD' ? undefined : body)
})

server.listen(Number(values.port), '127.0.0.1')
await once(server, 'listening')
const address = server.address()
console.log(`studio page at http://127.0.0.1:${typeof address === 'object' ? address?.port : values.port}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
