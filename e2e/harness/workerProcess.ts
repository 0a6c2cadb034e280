import { fileURLToPath } from 'node:url'
import { type Line, Program } from './program.js'
import type { WorkerOrders } from './programs/worker.js'

const main = fileURLToPath(new URL('./programs/worker.js', import.meta.url))

/** A worker that runs the test jobs in a process of its own. Who makes one ends it. */
export class WorkerProcess {
  readonly program: Program

  constructor(orders: WorkerOrders) {
    this.program = new Program(`worker of ${Object.keys(orders.queues).join(', ')}`, [main, JSON.stringify(orders)])
  }

  get pid(): number {
    return this.program.pid
  }

  /** Resolves when a hub has taken it in. */
  ready(): Promise<Line> {
    return this.program.line(({ msg }) => msg === 'worker ready')
  }

  /** Resolves when the job with this key runs here, in this attempt. */
  started(key: string, attempt = 1): Promise<Line> {
    return this.program.line((line) => line.msg === 'started' && line.key === key && line.attempt === attempt)
  }

  /** Resolves with why, when the signal of the `heed` job with this key has aborted here. */
  aborted(key: string): Promise<Line> {
    return this.program.line((line) => line.msg === 'aborted' && line.key === key)
  }

  /** Resolves when the handler of the job with this key has returned here. */
  finished(key: string): Promise<Line> {
    return this.program.line((line) => line.msg === 'finished' && line.key === key)
  }

  /** How often the job with this key was started here. */
  starts(key: string): number {
    return this.program.lines((line) => line.msg === 'started' && line.key === key).length
  }

  /** Lets the job with this key finish, now or whenever it comes here. */
  release(key: string): void {
    this.program.tell({ release: key })
  }
}
