import { randomBytes } from 'node:crypto'
import type { PostgresServer } from '#e2e/harness/postgresServer.js'
import { Wire } from '#e2e/harness/wire.js'

/** One store in a PostgreSQL, and hubs of which each reaches it over a wire of its own. */
export class Cluster implements AsyncDisposable {
  private constructor(
    readonly server: PostgresServer,
    /** One for each hub. */
    readonly wires: readonly Wire[],
    private readonly schema: string,
  ) {}

  /** Makes room for so many hubs, in a schema of their own. The server stays when the cluster is disposed of. */
  static async lay(server: PostgresServer, hubs: number): Promise<Cluster> {
    const port = Number(new URL(server.url).port)
    const wires = await Promise.all(Array.from({ length: hubs }, () => Wire.open(port)))
    return new Cluster(server, wires, `faults_${randomBytes(6).toString('hex')}`)
  }

  /** Of each hub, the address of the store. */
  get stores(): string[] {
    return this.wires.map(({ port }) => {
      const url = new URL(this.server.url)
      url.port = String(port)
      url.searchParams.set('schema', this.schema)
      return url.href
    })
  }

  /** All wires lead to another server from now on, and what was connected is cut off. */
  moveTo({ port }: PostgresServer): void {
    for (const wire of this.wires) {
      wire.leadTo(port)
      wire.cut()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.wires.map((wire) => wire.close()))
  }
}
