import { fileURLToPath } from 'node:url'
import { type Ended, Program } from './program.js'

const builtMain = fileURLToPath(new URL('../../../server/dist/main.js', import.meta.url))

/** The `anchorleg` command in a process of its own, with these arguments. */
export function runCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}, main = builtMain): Program {
  return new Program(`anchorleg ${args.join(' ')}`, [main, ...args], env)
}

/** A hub in a process of its own. It keeps its address and its store when it is started again. Who makes one ends it. */
export class HubProcess {
  #url = ''
  readonly #runs: Program[] = []

  constructor(
    /** As `--store` takes it. */
    readonly store: string,
    private readonly flags: readonly string[] = [],
    /** The file of the command: another build of it, where not this one is to be run. */
    private readonly main?: string,
  ) {}

  get url(): string {
    return this.#url
  }

  get port(): number {
    return Number(new URL(this.#url).port)
  }

  /** The process that runs now, or ran last. */
  get program(): Pick<Program, 'pid' | 'output' | 'line' | 'lines' | 'listen' | 'signal' | 'stop' | 'ended'> {
    return this.latest
  }

  protected get latest(): Program {
    return this.#runs.at(-1) as Program
  }

  /** Every process it has been, oldest first. */
  get runs(): readonly Program[] {
    return this.#runs
  }

  /** Ends the process with this signal and waits for its end; SIGTERM lets it drain. */
  stop(signal: NodeJS.Signals): Promise<Ended> {
    return this.latest.stop(signal)
  }

  /** Starts on a free port of the loopback address, later again on the same one, and waits until it listens. */
  async start(): Promise<void> {
    const port = this.#url === '' ? '0' : String(this.port)
    const program = runCommand(['hub', '--port', port, '--store', this.store, '--log-level', 'debug', ...this.flags], {}, this.main)
    this.#runs.push(program)
    const { url } = await program.line(({ msg }) => msg === 'hub listening')
    this.#url = String(url)
  }

  /** Stops and starts again. */
  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.stop(signal)
    await this.start()
  }
}
