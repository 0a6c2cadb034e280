import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, Happening } from './event.js'

/**
 * Writes down what happens in one process, one line of JSON for each event, in a file of its own. A line is with the
 * operating system before {@link Recorder.write} returns: a SIGKILL costs at most the one that is being written.
 */
export class Recorder implements Disposable {
  readonly #file: number

  constructor(
    folder: string,
    /** Names the process; one recorder has it. */
    readonly by: string,
  ) {
    this.#file = openSync(join(folder, `${by.replaceAll(' ', '-')}.jsonl`), 'ax')
  }

  write(happening: Happening): void {
    const event: Event = { at: Number(process.hrtime.bigint()) / 1e6, by: this.by, ...happening }
    writeSync(this.#file, `${JSON.stringify(event)}\n`)
  }

  /** The process is done, and has left nothing open. */
  [Symbol.dispose](): void {
    this.write({ type: 'bye' })
    closeSync(this.#file)
  }
}
