import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** One line that a program wrote: its fields when it is a JSON object, as hubs and workers here write them. */
export interface Line {
  readonly text: string
  readonly msg?: unknown
  readonly [field: string]: unknown
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

interface Waiter {
  readonly match: (line: Line) => boolean
  readonly resolve: (line: Line) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A Node program in a process of its own: what it writes, its signals, its end. It never outlives the process that started it. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #lines: Line[] = []
  readonly #waiters = new Set<Waiter>()
  readonly #listeners = new Set<(line: Line) => void>()

  constructor(
    readonly name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ...env } })
    running.add(this.#child)
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (text) => this.#hear(text))
    }
    this.ended = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve(this.#end({ code, signal }))))
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Everything it wrote so far, for people. */
  get output(): string {
    return [`── ${this.name} (process ${this.pid})`, ...this.#lines.map(({ text }) => text)].join('\n')
  }

  /** The lines it wrote so far that match. */
  lines(match: (line: Line) => boolean): Line[] {
    return this.#lines.filter(match)
  }

  /**
   * The first line that matches, also one written already.
   * Rejects, with the program's output, when it ends without one or when `timeoutMs` pass.
   */
  line(match: (line: Line) => boolean, timeoutMs = 15_000): Promise<Line> {
    const seen = this.#lines.find(match)
    if (seen) return Promise.resolve(seen)
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        match,
        resolve,
        reject,
        timer: setTimeout(() => this.#fail(waiter, `wrote no such line within ${timeoutMs} ms`), timeoutMs),
      }
      this.#waiters.add(waiter)
    })
  }

  /** Calls back with every line that it writes from now on. */
  listen(listener: (line: Line) => void): void {
    this.#listeners.add(listener)
  }

  /** Says something to the program over its channel. */
  tell(message: object): void {
    this.#child.send(message)
  }

  /** SIGSTOP freezes it and SIGCONT thaws it; SIGTERM asks it to stop. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal that ends it, and waits for that end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.signal(signal)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }

  #hear(text: string): void {
    const line: Line = { ...fieldsOf(text), text }
    this.#lines.push(line)
    for (const listener of this.#listeners) listener(line)
    for (const waiter of this.#waiters) {
      if (!waiter.match(line)) continue
      this.#forget(waiter)
      waiter.resolve(line)
    }
  }

  #end(ended: Ended): Ended {
    running.delete(this.#child)
    for (const waiter of this.#waiters) this.#fail(waiter, `ended (${ended.signal ?? `code ${ended.code}`}) before it wrote such a line`)
    return ended
  }

  #fail(waiter: Waiter, why: string): void {
    this.#forget(waiter)
    waiter.reject(new Error(`${this.name} ${why}.\n${this.output}`))
  }

  #forget(waiter: Waiter): void {
    clearTimeout(waiter.timer)
    this.#waiters.delete(waiter)
  }
}

function fieldsOf(text: string): object {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
