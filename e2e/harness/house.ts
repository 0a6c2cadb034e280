import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '@anchorleg/client'
import { HubCluster } from './hubCluster.js'
import { HubProcess, runCommand } from './hubProcess.js'
import { Operator } from './operator.js'
import { Program } from './program.js'
import type { WorkerOrders } from './programs/worker.js'
import { type Peer, RawPeer, type RawPeerOptions } from './rawPeer.js'
import { Wire } from './wire.js'
import { WorkerProcess } from './workerProcess.js'

const awaiterMain = fileURLToPath(new URL('./programs/awaiter.js', import.meta.url))

type ConnectOptions = Parameters<typeof connect>[1]

/** Hubs, workers and callers of one test, in one temporary folder. Disposing of it ends them all, whatever state they are in. */
export class House implements AsyncDisposable {
  readonly #hubs: HubProcess[] = []
  readonly #programs: Program[] = []
  readonly #open: { close(): void | Promise<void> }[] = []

  private constructor(
    /** Where the stores are. */
    readonly folder: string,
  ) {}

  static async build(): Promise<House> {
    return new House(await mkdtemp(join(tmpdir(), 'anchorleg-e2e-')))
  }

  /**
   * Starts a hub with a SQLite store of its own, or with the one at this path. Where `ANCHORLEG_TEST_HOUSE` is `cluster`, three hubs
   * on one PostgreSQL stand for it.
   */
  async hub(flags: readonly string[] = [], file = join(this.folder, `hub-${this.#hubs.length + 1}.db`)): Promise<HubProcess> {
    if (process.env.ANCHORLEG_TEST_HOUSE !== 'cluster') return this.hubOn(`sqlite:${file}`, flags)
    const hub = new HubCluster(this.#freshStore(), flags)
    this.#hubs.push(hub)
    await hub.start()
    return hub
  }

  /** Starts a hub with the store at this address; from another build of the command, where one is given. */
  async hubOn(store: string, flags: readonly string[] = [], main?: string): Promise<HubProcess> {
    const hub = new HubProcess(store, flags, main)
    this.#hubs.push(hub)
    await hub.start()
    return hub
  }

  /** Starts so many hubs on one place of their own in the run's PostgreSQL. */
  cluster(hubs: number, flags: readonly string[] = []): Promise<HubProcess[]> {
    const store = this.#freshStore()
    return Promise.all(Array.from({ length: hubs }, () => this.hubOn(store, flags)))
  }

  /** Starts the `anchorleg` command. */
  command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    return this.#keep(runCommand(args, env))
  }

  /** Starts a worker with ten slots of the default queue, or with these, and waits until the hub has taken it in. */
  async worker(
    hub: { url: string } | readonly { url: string }[],
    queues: Readonly<Record<string, number>> = { default: 10 },
    orders: Pick<WorkerOrders, 'drainMs'> = {},
  ): Promise<WorkerProcess> {
    const worker = new WorkerProcess({ url: urlsOf(hub), queues, ...orders })
    this.#keep(worker.program)
    await worker.ready()
    return worker
  }

  /** Starts another program. */
  run(name: string, args: readonly string[]): Program {
    return this.#keep(new Program(name, args))
  }

  /** A caller. */
  connect(hub: { url: string } | readonly { url: string }[], options: ConnectOptions = {}): Client {
    const client = connect(urlsOf(hub), options)
    this.#open.push(client)
    return client
  }

  /** A process that awaits a ref, writes a line `awaited` with its `result`, and ends. */
  awaiter(hub: { url: string }, ref: string): Program {
    return this.run('awaiter', [awaiterMain, hub.url, ref])
  }

  /** A connection to a hub that can be cut: what connects to it reaches the hub. */
  async wire(hub: { port: number }): Promise<Wire> {
    const wire = await Wire.open(hub.port)
    this.#open.push(wire)
    return wire
  }

  /** A peer that speaks the protocol by hand; resolves when the hub has welcomed it. */
  async raw(hub: { url: string }, peer: Peer, options: RawPeerOptions = {}): Promise<RawPeer> {
    const raw = await RawPeer.open(hub.url, peer, options)
    this.#open.push(raw)
    return raw
  }

  /** Who runs the hub, at its admin door. */
  async operator(hub: { url: string }): Promise<Operator> {
    return new Operator(await this.raw(hub, 'admin'))
  }

  /** The last that each process here wrote, for people. */
  get tail(): string {
    return this.#everyProgram
      .map(({ output }) => output.split('\n'))
      .map(shorten)
      .join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((each) => each.close()))
    await Promise.all(this.#everyProgram.map((program) => program[Symbol.asyncDispose]()))
    await rm(this.folder, { recursive: true, force: true })
  }

  /** A place of its own in the run's PostgreSQL. */
  #freshStore(): string {
    const store = new URL(process.env.ANCHORLEG_TEST_POSTGRES_URL ?? '')
    store.searchParams.set('schema', `house_${randomBytes(8).toString('hex')}`)
    return store.href
  }

  get #everyProgram(): Program[] {
    return [...this.#hubs.flatMap(({ runs }) => runs), ...this.#programs]
  }

  #keep(program: Program): Program {
    this.#programs.push(program)
    return program
  }
}

function urlsOf(hubs: { url: string } | readonly { url: string }[]): string | string[] {
  return 'url' in hubs ? hubs.url : hubs.map(({ url }) => url)
}

/** Lines of each process that are shown. */
const shownLines = 150

function shorten(lines: string[]): string {
  const [title, ...rest] = lines
  const left = rest.length - shownLines
  return [title, ...(left > 0 ? [`… ${left} lines before`] : []), ...rest.slice(-shownLines)].join('\n')
}
