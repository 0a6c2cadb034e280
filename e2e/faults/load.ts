import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { House } from '#e2e/harness/house.js'
import type { HubProcess } from '#e2e/harness/hubProcess.js'
import type { Line, Program } from '#e2e/harness/program.js'
import type { Event } from '#e2e/history/event.js'
import { readHistory } from '#e2e/history/readHistory.js'
import { Recorder } from '#e2e/history/recorder.js'
import { endings } from './endings.js'
import type { CallerOrders, CallerTold } from './programs/caller.js'
import type { ExecutorOrders, ExecutorTold } from './programs/executor.js'

const programs = {
  caller: fileURLToPath(new URL('./programs/caller.js', import.meta.url)),
  executor: fileURLToPath(new URL('./programs/executor.js', import.meta.url)),
}

/** How much is to be done, and by whom. */
export interface LoadOptions {
  /** Of each hub, the address of its store as the hub reaches it; one SQLite file for one hub by default. */
  readonly stores?: readonly string[]
  /** Flags of each hub. */
  readonly flags?: readonly string[]
  /** The hubs' command, where it is not that of this build. */
  readonly main?: string
  readonly callers?: number
  readonly workers?: number
  /** Jobs that each worker runs at a time. */
  readonly slots?: number
  /** Jobs that each caller has outstanding at a time. */
  readonly lanes?: number
  /** How long a job takes at most, in ms. */
  readonly longest?: number
}

/** Callers that submit and await without end, workers, and hubs, each in a process of its own; all write down what happens. */
export class Load {
  #seenTo = 0
  readonly #waiting = new Set<() => void>()

  private constructor(
    private readonly house: House,
    private readonly folder: string,
    readonly hubs: readonly HubProcess[],
    readonly workers: readonly Program[],
    readonly callers: readonly Program[],
    private readonly recorder: Recorder,
  ) {
    callers.forEach((caller, i) => {
      const next = callers[(i + 1) % callers.length] as Program
      caller.listen(({ msg, ref }) => {
        if (msg === 'for another') tell(next, { await: String(ref) })
        if (msg === 'seen to') this.#count()
      })
    })
  }

  /** Starts hubs, then workers and callers, spread over them, and resolves when all are connected. */
  static async start(house: House, options: LoadOptions = {}): Promise<Load> {
    const folder = join(house.folder, 'history')
    await mkdir(folder)
    const { stores = [`sqlite:${join(house.folder, 'hub.db')}`], flags = [], main } = options
    const hubs: HubProcess[] = []
    for (const store of stores) hubs.push(await house.hubOn(store, flags, main))
    const { callers = 2, workers = 2, slots = 10, lanes = 6, longest = 40 } = options
    const urlsOf = (i: number) => [...hubs.slice(i % hubs.length), ...hubs.slice(0, i % hubs.length)].map(({ url }) => url)
    const executors = Array.from({ length: workers }, (_, i) => {
      const orders: ExecutorOrders = { name: `worker ${i + 1}`, urls: urlsOf(i), folder, slots }
      return house.run(orders.name, [programs.executor, JSON.stringify(orders)])
    })
    const submitters = Array.from({ length: callers }, (_, i) => {
      const orders: CallerOrders = { name: `caller ${i + 1}`, urls: urlsOf(i), folder, lanes, longest }
      return house.run(orders.name, [programs.caller, JSON.stringify(orders)])
    })
    const load = new Load(house, folder, hubs, executors, submitters, new Recorder(folder, 'test'))
    await Promise.all([...executors, ...submitters].map((program) => program.line(({ msg }) => msg === 'worker ready' || msg === 'caller ready')))
    return load
  }

  /** Resolves when so many jobs more have been seen to. */
  async more(jobs: number): Promise<void> {
    const goal = this.#seenTo + jobs
    while (this.#seenTo < goal) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** Freezes a worker just before one of its runs gives its result, until that run's lease is taken; then lets it go on. */
  async outlast(worker: Program): Promise<void> {
    worker.tell({ freeze: true } satisfies ExecutorTold)
    const frozen = await worker.line(({ msg }) => msg === 'freezing')
    const taken = ({ msg, jobId, code }: Line) => msg === 'job.outcome' && jobId === frozen.jobId && code === 'crashed'
    await Promise.any(this.hubs.map(({ program }) => program.line(taken)))
    worker.signal('SIGCONT')
  }

  /** Notes that something is broken, from before it is until it is whole again. */
  async whileBroken<T>(what: string, act: () => Promise<T>): Promise<T> {
    this.recorder.write({ type: 'fault', what, phase: 'begins' })
    const result = await act()
    this.recorder.write({ type: 'fault', what, phase: 'over' })
    return result
  }

  /** Lets the callers finish what they have begun, looks at how every job stands, and gives all that happened. */
  async finish(): Promise<Event[]> {
    for (const caller of this.callers) tell(caller, { now: 'stop' })
    // Until then it may hand a job to another.
    await Promise.all(this.callers.map((caller) => caller.line(({ msg }) => msg === 'all submitted', 30_000)))
    for (const caller of this.callers) tell(caller, { now: 'leave' })
    await Promise.all(this.callers.map(({ ended }) => ended))
    const refs = new Set((await readHistory(this.folder)).flatMap((event) => (event.type === 'submit' ? [event.ref] : [])))
    const peer = await this.house.raw(this.hubs.at(-1) as HubProcess, 'client')
    for (const [ref, ending] of await endings(peer, [...refs])) this.recorder.write({ type: 'end', ref, ...ending })
    return readHistory(this.folder)
  }

  #count(): void {
    this.#seenTo += 1
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}

function tell(caller: Program, told: CallerTold): void {
  caller.tell(told)
}
