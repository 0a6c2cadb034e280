import type { PostgresServer } from '../harness/postgresServer.js'

/** What a database has been asked to do so far. */
export interface DatabaseCosts {
  /** Statements, those that begin and end transactions included. */
  readonly statements: number
  /** What was written to its log, in bytes. */
  readonly walBytes: number
  /** Signals that hubs sent each other through it, and their bytes. */
  readonly notifies: number
  readonly notifyBytes: number
}

/** What a server has to be set to, so that its statements are counted. */
export const countingStatements = ['shared_preload_libraries=pg_stat_statements', 'pg_stat_statements.track=top']

/** Statements of the benchmark's own are left out. */
const readings = `SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal,
  (SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%') AS statements`

/** Reads what hubs cost their database: its own counters, and a listener on the channel of their signals. */
export class PostgresCosts {
  #notifies = 0
  #notifyBytes = 0

  private constructor(private readonly client: Awaited<ReturnType<PostgresServer['connect']>>) {
    client.on('notification', ({ payload = '' }) => {
      this.#notifies += 1
      this.#notifyBytes += Buffer.byteLength(payload)
    })
  }

  /** For the hubs whose store is in this schema, of a server that is set to {@link countingStatements}. */
  static async open(server: PostgresServer, schema: string): Promise<PostgresCosts> {
    const client = await server.connect()
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
    await client.query(`LISTEN "${schema}_signals"`)
    return new PostgresCosts(client)
  }

  async read(): Promise<DatabaseCosts> {
    const { rows } = await this.client.query<{ wal: string; statements: string | null }>(readings)
    const [{ wal, statements }] = rows as [{ wal: string; statements: string | null }]
    return { statements: Number(statements), walBytes: Number(wal), notifies: this.#notifies, notifyBytes: this.#notifyBytes }
  }

  close(): Promise<void> {
    return this.client.end()
  }
}
