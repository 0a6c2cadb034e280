import { join } from 'node:path'
import { type Client, connect } from '@anchorleg/client'
import { createWorker } from '@anchorleg/client/worker'
import { House } from '#e2e/harness/house.js'
import { double } from '#e2e/harness/jobs.js'
import type { Program } from '#e2e/harness/program.js'

const collect = new URL('./programs/collect.js', import.meta.url)

/** What a process keeps of the machine's memory, in bytes. */
interface Memory {
  readonly rss: number
  /** Of JavaScript and its buffers, after it has let go of what nothing holds. */
  readonly held: number
}

export interface SceneOptions {
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Of those who stand by. */
  readonly tokens?: { readonly client: string; readonly worker: string }
}

/**
 * Where hostile peers meet a hub: the real command on SQLite, in a process of its own, with a worker and a caller that stand by
 * and want their jobs done all the while.
 */
export class Scene implements AsyncDisposable {
  private constructor(
    private readonly house: House,
    readonly program: Program,
    readonly url: string,
    private readonly bystander: Client,
    private readonly worker: AsyncDisposable,
  ) {}

  static async open({ flags = [], env = {}, tokens }: SceneOptions = {}): Promise<Scene> {
    const house = await House.build()
    const args = ['hub', '--port', '0', '--store', `sqlite:${join(house.folder, 'hub.db')}`, '--log-level', 'trace', ...flags]
    const program = house.command(args, { NODE_OPTIONS: `--import=${collect.href}`, ...env })
    const url = String((await program.line(({ msg }) => msg === 'hub listening')).url)
    const worker = createWorker(url, { token: tokens?.worker, queues: { default: 4 }, jobs: [double.perform(({ int }) => 2 * int)] })
    await worker.ready
    const bystander = connect(url, { token: tokens?.client })
    await bystander.ready
    const scene = new Scene(house, program, url, bystander, worker)
    await scene.serve()
    return scene
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  get store(): string {
    return join(this.house.folder, 'hub.db')
  }

  /** Has a job of the one who stands by done. */
  async serve(): Promise<string> {
    const int = Math.floor(Math.random() * 1e6)
    const result = await this.bystander.await(this.bystander.async(double.new({ int })), 20_000)
    return result.type === 'ok' && result.value === 2 * int ? 'served' : JSON.stringify(result)
  }

  /** Whether the process lives and says so. */
  async alive(): Promise<string> {
    const answer = await fetch(`${this.url}/healthz`)
    return (await answer.text()).trim()
  }

  /** What the hub counts under this name, with these labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.slice(name.length + 1))
  }

  /** What memory the hub keeps, once it has let go of what nothing holds. */
  async memory(): Promise<Memory> {
    const before = this.program.lines(isCollected).length
    this.program.signal('SIGUSR2')
    await this.program.line((line) => isCollected(line) && this.program.lines(isCollected).length > before)
    const { rss, heapUsed, external } = this.program.lines(isCollected).at(-1) as unknown as Record<string, number>
    return { rss: rss as number, held: (heapUsed as number) + (external as number) }
  }

  /** All the hub has written. */
  get log(): string {
    return this.program.output
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bystander.close()
    await this.worker[Symbol.asyncDispose]()
    await this.house[Symbol.asyncDispose]()
  }
}

const isCollected = ({ msg }: { msg?: unknown }) => msg === 'collected'
