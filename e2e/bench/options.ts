import { parseArgs } from 'node:util'

/** The systems that can stand beside each other: `anchorleg` on the store that `--store` names. */
export const systemNames = ['relay', 'bullmq-always', 'bullmq-everysec', 'anchorleg'] as const
export type SystemName = (typeof systemNames)[number]

const stores = ['sqlite', 'postgres'] as const

/** What is measured, and how the result is shown. */
export interface BenchOptions {
  readonly systems: readonly SystemName[]
  readonly store: (typeof stores)[number]
  /** Hubs on one database, compared by what a job costs; absent to compare systems. */
  readonly hubs?: readonly number[] | undefined
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
  /** No more jobs are begun in a second; absent for as many as can be. */
  readonly perSecond?: number | undefined
  /** Each job carries a text of so many bytes there and back; absent for one number. */
  readonly valueBytes?: number | undefined
  readonly uploads: boolean
  readonly markdown: boolean
  readonly jsonFile?: string | undefined
  readonly profileFolder?: string | undefined
  /** Where the stores' files are put for the run; absent for a folder of the project itself. */
  readonly folder?: string | undefined
}

export const usage = `npm run bench -- [options]

Durable jobs, each awaited by the one who submitted it, in processes of their own, on loopback: beside a plain
socket.io relay that stores nothing, and beside BullMQ on Redis, in one run. About three minutes by default.

What is measured:
  --store sqlite            where Anchorleg stores: sqlite, or postgres (a PostgreSQL that the run starts and stops)
  --systems ${systemNames.join(',')}
                            which stand beside each other; BullMQ needs redis-server (installed with apt-get when missing)
  --hubs 1,2,4              instead, with --store postgres: what a job costs in CPU, statements, log and signals with so many
                            hubs on one database; clients and workers are as many as the most hubs, spread over them
  --uploads                 instead: one client's latency while another pushes typed arrays of 12 MB

How:
  --outstanding 1,64,1000   jobs kept outstanding, a line each (64,1000 with --hubs)
  --slots 2000,10           worker slots; the first everywhere, the others at the most outstanding jobs (the first alone with --hubs)
  --rounds 3                repetitions, each with fresh processes and a fresh store
  --seconds 2               how long each load is measured in a round
  --value <bytes>           each job carries a text so long there and back, up to 500000 (default: one number)
  --pace <jobs a second>    begin no more than so many, so that what is compared does equal work
  --folder <path>           where stores lie for the run (default: in e2e/dist, on the project's disk)

The result:
  --markdown                print Markdown tables
  --json <file>             also write every figure of every round, and the medians with their spread
  --profile <folder>        also write CPU profiles of all Node processes (slower)
  --help`

/**
 * Reads the command line.
 * @throws with a sentence, for what is not as {@link usage} says
 */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: { type: 'string', default: 'sqlite' },
      systems: { type: 'string', default: systemNames.join(',') },
      hubs: { type: 'string' },
      outstanding: { type: 'string' },
      slots: { type: 'string', default: '2000,10' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      value: { type: 'string' },
      pace: { type: 'string' },
      uploads: { type: 'boolean', default: false },
      folder: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  if (values.hubs !== undefined && values.store !== 'postgres')
    throw new Error('--hubs: expected --store postgres beside it; hubs share no other store')
  if (values.hubs !== undefined && values.uploads) throw new Error('--uploads: expected no --hubs beside it')
  return {
    store: oneOf('store', stores, values.store),
    systems: values.systems.split(',').map((name) => oneOf('systems', systemNames, name)),
    hubs: values.hubs === undefined ? undefined : wholeNumbers('hubs', values.hubs),
    outstanding: wholeNumbers('outstanding', values.outstanding ?? (values.hubs === undefined ? '1,64,1000' : '64,1000')),
    slots: wholeNumbers('slots', values.slots),
    rounds: number('rounds', values.rounds),
    measureMs: 1000 * number('seconds', values.seconds),
    warmupMs: 300,
    maxJobs: 500_000,
    perSecond: values.pace === undefined ? undefined : number('pace', values.pace),
    valueBytes: values.value === undefined ? undefined : number('value', values.value, 500_000),
    uploads: values.uploads,
    markdown: values.markdown,
    jsonFile: values.json,
    profileFolder: values.profile,
    folder: values.folder,
  }
}

/** Whether a run with these arguments starts a Redis; false for arguments that cannot be read. */
export function needsRedis(args: readonly string[]): boolean {
  try {
    const options = readOptions(args)
    return options !== 'help' && !options.uploads && options.hubs === undefined && options.systems.some((name) => name.startsWith('bullmq'))
  } catch {
    return false
  }
}

function oneOf<Name extends string>(option: string, names: readonly Name[], text: string): Name {
  const found = names.find((name) => name === text)
  if (found === undefined) throw new Error(`--${option}: expected ${names.join(', ')}, got "${text}"`)
  return found
}

function number(option: string, text: string, most = 100_000): number {
  const value = Number(text)
  if (!(value > 0 && value <= most)) throw new Error(`--${option}: expected a number above 0, up to ${most}, got "${text}"`)
  return value
}

function wholeNumbers(option: string, text: string): number[] {
  const values = text.split(',').map((part) => number(option, part))
  if (!values.every(Number.isInteger)) throw new Error(`--${option}: expected whole numbers with commas between, got "${text}"`)
  return values
}
