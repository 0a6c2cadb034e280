import { createServer, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const shell = '<!doctype html><meta charset="utf-8"><title>Anchorleg</title><script src="/page.js"></script>'

/** Serves one page on a free loopback port, under whatever name it is asked for: an empty document with a bundled script. */
export class PageServer implements AsyncDisposable {
  private constructor(private readonly server: Server) {}

  /** @param script the page's script, a path in the folder of these tests; bundled for browsers, from the packages' public entries */
  static async start(script: string): Promise<PageServer> {
    const entry = fileURLToPath(new URL(`../../${script}`, import.meta.url))
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: 'iife', platform: 'browser', target: 'es2022' })
    const code = outputFiles[0]?.text ?? ''
    const server = createServer(({ url }, response) => {
      const isScript = url === '/page.js'
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8' })
      response.end(isScript ? code : shell)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new PageServer(server)
  }

  get port(): number {
    return (this.server.address() as { port: number }).port
  }

  /** The page's address under this host name. */
  url(host = '127.0.0.1'): string {
    return `http://${host}:${this.port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
