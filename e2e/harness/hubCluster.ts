import { HubProcess } from './hubProcess.js'
import type { Ended, Line, Program } from './program.js'

/**
 * Hubs on one store that a test takes for one: each who asks for the address gets that of the next, what one of them writes the
 * hub has written, and what is done to the hub is done to all.
 */
export class HubCluster extends HubProcess {
  readonly #hubs: readonly HubProcess[]
  #turn = 0

  constructor(store: string, flags: readonly string[], count = 3) {
    super(store, flags)
    this.#hubs = Array.from({ length: count }, () => new HubProcess(store, flags))
  }

  override get url(): string {
    return this.#next().url
  }

  override get port(): number {
    return this.#next().port
  }

  override get program(): HubProcess['program'] {
    const programs = this.#hubs.map(({ program }) => program)
    const [first] = programs as [HubProcess['program']]
    return {
      pid: first.pid,
      ended: first.ended,
      get output() {
        return programs.map(({ output }) => output).join('\n')
      },
      line: (match, ms) =>
        Promise.any(programs.map((program) => program.line(match, ms))).catch((error: AggregateError) => Promise.reject(error.errors[0])),
      lines: (match) => programs.flatMap((program): Line[] => program.lines(match)),
      listen: (listener) => programs.forEach((program) => void program.listen(listener)),
      signal: (signal) => programs.forEach((program) => void program.signal(signal)),
      stop: (signal) => this.stop(signal ?? 'SIGTERM'),
    }
  }

  override get runs(): readonly Program[] {
    return this.#hubs.flatMap(({ runs }) => runs)
  }

  override async stop(signal: NodeJS.Signals): Promise<Ended> {
    const ended = await Promise.all(this.#hubs.map((hub) => hub.stop(signal)))
    return ended.find(({ code }) => code !== 0) ?? (ended[0] as Ended)
  }

  override async start(): Promise<void> {
    await Promise.all(this.#hubs.map((hub) => hub.start()))
  }

  #next(): HubProcess {
    this.#turn = (this.#turn + 1) % this.#hubs.length
    return this.#hubs[this.#turn] as HubProcess
  }
}
