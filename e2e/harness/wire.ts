import { createServer, connect as dial, type Server, type Socket } from 'node:net'

/** A loopback port that leads to a hub, until it is cut. */
export class Wire {
  readonly #ends = new Set<Socket>()
  #down = false
  #deaf = false

  private constructor(
    private readonly server: Server,
    hubPort: number,
  ) {
    server.on('connection', (near) => this.#join(near, hubPort))
  }

  static async open(hubPort: number): Promise<Wire> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Wire(server, hubPort)
  }

  /** As `connect` and `createWorker` take it. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`
  }

  /** Ends every connection; new ones come through at once, or when it is mended if it stays `down`. */
  cut({ down = false } = {}): void {
    this.#down = down
    this.#deaf = false
    for (const end of this.#ends) end.destroy()
  }

  /** Nothing of what the hub says comes through from now on, until a cut. */
  swallow(): void {
    this.#deaf = true
  }

  mend(): void {
    this.#down = false
  }

  async close(): Promise<void> {
    this.cut({ down: true })
    await new Promise((resolve) => this.server.close(resolve))
  }

  #join(near: Socket, hubPort: number): void {
    if (this.#down) return void near.destroy()
    const far = dial(hubPort, '127.0.0.1')
    for (const end of [near, far]) {
      this.#ends.add(end)
      end.on('error', () => {})
      end.once('close', () => {
        this.#ends.delete(end)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      if (!this.#deaf) near.write(bytes)
    })
  }
}
