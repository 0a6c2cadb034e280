import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Program } from '../harness/program.js'
import type { CpuTime } from './processTime.js'
import type { Question } from './programs/answer.js'

/** How the benchmark's processes are started. */
export interface Staging {
  /** Where each process writes V8 CPU profiles when it ends; absent for none. */
  readonly profileFolder?: string | undefined
}

/** Longer than any answer takes but a load's. */
const answerMs = 30_000

/** One process of a measured system, which does what it is asked. */
export class Actor {
  #asked = 0

  constructor(readonly program: Program) {}

  /** Starts a program of this benchmark in a process of its own. */
  static start(name: string, file: string, staging: Staging): Actor {
    return new Actor(new Program(name, [...nodeArgs(name, staging), fileURLToPath(new URL(`programs/${file}`, import.meta.url))]))
  }

  /** Asks and waits for the answer. Rejects when the program fails, ends, or takes longer than `timeoutMs`. */
  async ask<Answer>(ask: string, input: unknown = null, timeoutMs = answerMs): Promise<Answer> {
    const id = ++this.#asked
    const reply = this.program.line((line) => line.id === id && ('answer' in line || 'trouble' in line), timeoutMs)
    this.program.tell({ id, ask, input } satisfies Question)
    const { answer, trouble } = await reply
    if (trouble !== undefined) throw new Error(`${this.program.name} failed: ${trouble}`)
    return answer as Answer
  }

  /** CPU time since its start. */
  cpu(): Promise<CpuTime> {
    return this.ask<CpuTime>('cpu')
  }

  /** Ends the program and waits for that. */
  async end(): Promise<void> {
    await this.ask('end')
    await this.program.ended
  }
}

/** What Node is told before the program's own file. Profiles get a folder per process, because each of its threads writes one. */
export function nodeArgs(name: string, { profileFolder }: Staging): string[] {
  return profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', join(profileFolder, name.replaceAll(' ', '-'))]
}
