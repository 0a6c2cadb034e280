import { createServer, connect as dial, type Server, type Socket } from 'node:net'

/** A loopback port that leads to another one, a hub's or a database's, until it is cut. */
export class Wire implements AsyncDisposable {
  readonly #ends = new Set<Socket>()
  #down = false
  #deaf = false
  #frozen = false

  private constructor(
    private readonly server: Server,
    private farPort: number,
  ) {
    server.on('connection', (near) => this.#join(near))
  }

  static async open(farPort: number): Promise<Wire> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Wire(server, farPort)
  }

  /** As `connect` and `createWorker` take it. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.server.address() as { port: number }).port
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

  /** Nothing comes through in either direction, and no end is told: what is said meanwhile comes after the thaw. */
  freeze(): void {
    this.#frozen = true
    for (const end of this.#ends) end.pause()
  }

  thaw(): void {
    this.#frozen = false
    for (const end of this.#ends) end.resume()
  }

  mend(): void {
    this.#down = false
  }

  /** What connects from now on reaches this port; what is connected stays where it is, until a cut. */
  leadTo(farPort: number): void {
    this.farPort = farPort
  }

  async close(): Promise<void> {
    this.cut({ down: true })
    await new Promise((resolve) => this.server.close(resolve))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #join(near: Socket): void {
    if (this.#down) return void near.destroy()
    const far = dial(this.farPort, '127.0.0.1')
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
    if (this.#frozen) for (const end of [near, far]) end.pause()
  }
}
