import { parseArgs } from 'node:util'

/** What is measured, and how the result is shown. */
export interface BenchOptions {
  /** Jobs kept outstanding, one line each. */
  readonly outstanding: readonly number[]
  /** Worker slots: the first for every line, each further one for a line more at the most outstanding jobs. */
  readonly slots: readonly number[]
  readonly rounds: number
  /** How long each load is measured, and put on beforehand to warm up, in ms. */
  readonly measureMs: number
  readonly warmupMs: number
  /** Bounds one load on a machine faster than expected. */
  readonly maxJobs: number
  readonly uploads: boolean
  readonly markdown: boolean
  readonly jsonFile?: string | undefined
  readonly profileFolder?: string | undefined
  /** Where the store's file is put for the run; absent for a folder of the project itself. */
  readonly folder?: string | undefined
}

export const usage = `npm run bench -- [options]

Durable jobs through a hub, a worker and a client in processes of their own, beside a plain
socket.io relay that stores nothing, in one run, on loopback. About 75 seconds by default.

  --outstanding 1,64,1000   jobs kept outstanding, a line each
  --slots 2000,10           worker slots; the first everywhere, the others at the most outstanding jobs
  --rounds 3                repetitions, each with fresh processes and a fresh file
  --seconds 2               how long each load is measured in a round
  --uploads                 instead: one client's latency while another pushes typed arrays of 12 MB
  --folder <path>           where the store's file lies for the run (default: in e2e/dist, on the project's disk)
  --markdown                print Markdown tables
  --json <file>             also write every figure of every round
  --profile <folder>        also write CPU profiles of all processes (slower)
  --help`

/**
 * Reads the command line.
 * @throws with a sentence, for what is not as {@link usage} says
 */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      outstanding: { type: 'string', default: '1,64,1000' },
      slots: { type: 'string', default: '2000,10' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      uploads: { type: 'boolean', default: false },
      folder: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    outstanding: numbers('outstanding', values.outstanding),
    slots: numbers('slots', values.slots),
    rounds: number('rounds', values.rounds),
    measureMs: 1000 * number('seconds', values.seconds),
    warmupMs: 300,
    maxJobs: 500_000,
    uploads: values.uploads,
    markdown: values.markdown,
    jsonFile: values.json,
    profileFolder: values.profile,
    folder: values.folder,
  }
}

function number(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 100_000)) throw new Error(`--${name}: expected a number above 0, got "${text}"`)
  return value
}

function numbers(name: string, text: string): number[] {
  const values = text.split(',').map((part) => number(name, part))
  if (!values.every(Number.isInteger)) throw new Error(`--${name}: expected whole numbers with commas between, got "${text}"`)
  return values
}
