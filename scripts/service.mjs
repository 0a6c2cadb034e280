import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { root } from './run.mjs'

const lastLines = 15

/** A Node program that is meant to run until it is stopped. */
export class Service {
  #child
  #stopping = false
  /** @type {string[]} */
  #tail = []
  /** Resolves when the program has ended. @type {Promise<void>} */
  #ended

  /**
   * @param {string} name
   * @param {string[]} args the program and its arguments
   * @param {{ onLine?: (line: string) => void, onDeath: (why: string) => void }} listeners `onDeath` is called when it ends without being asked to
   */
  constructor(name, args, { onLine, onDeath }) {
    this.#child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.on('error', (error) => onDeath(`${name} could not be started: ${error.message}`))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#tail = [...this.#tail, line].slice(-lastLines)
        onLine?.(line)
      })
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        if (!this.#stopping) onDeath([`${name} ended (${signal ?? `code ${code}`})`, ...this.#tail].join('\n'))
        resolve()
      })
    })
  }

  /** From here on its end is nobody's surprise. */
  expectEnd() {
    this.#stopping = true
  }

  /** Asks it to stop, and insists after `graceMs`. @param {number} graceMs */
  async stop(graceMs) {
    this.expectEnd()
    this.#child.kill('SIGTERM')
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    await this.#ended
    clearTimeout(insist)
  }
}
