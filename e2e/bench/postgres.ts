import { PostgresServer } from '../harness/postgresServer.js'
import { cpuOfTree } from './processTime.js'
import type { Part } from './systems/system.js'

/** A PostgreSQL of the benchmark's own. */
export interface MeasuredPostgres {
  /** Of its database. */
  readonly url: string
  readonly part: Part
  readonly server: PostgresServer
  close(): Promise<void>
}

/**
 * As a server is set whose memory is a few gigabytes. What it promises (`fsync`, `synchronous_commit`, `full_page_writes`) stays as
 * it is by default: on. A checkpoint within a measurement would be measured by chance.
 */
const settings = ['shared_buffers=256MB', 'max_wal_size=4GB', 'checkpoint_timeout=30min', 'max_connections=100']

/** Starts one with its data in a folder, with further settings. */
export async function startPostgres(folder: string, further: readonly string[] = []): Promise<MeasuredPostgres> {
  const server = await PostgresServer.start([...settings, ...further], folder)
  const { pid } = server
  return { url: server.url, part: { role: 'database', cpu: async () => cpuOfTree(pid) }, server, close: () => server.close() }
}
