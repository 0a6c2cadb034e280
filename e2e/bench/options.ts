import { parseArgs } from 'node:util'
import { isComparison, type Loads, type ScenarioName, type SystemName, scenarioNames, systemNames, systemsIn } from './scenarios.js'

const stores = ['sqlite', 'postgres'] as const

/** What is measured, and how the result is shown. */
export interface BenchOptions {
  readonly scenarios: readonly ScenarioName[]
  /** Instead: a short run that fails where ratios are below what is expected. */
  readonly gate: boolean
  readonly systems: readonly SystemName[]
  readonly store: (typeof stores)[number]
  /** Hubs on one database, compared by what a job costs; absent to compare systems. */
  readonly hubs?: readonly number[] | undefined
  readonly uploads: boolean
  /** Loads that were asked for, whatever the scenario has. */
  readonly said: Partial<Loads>
  /** Jobs or clients of a scenario that has a course of its own; absent for as many as it has. */
  readonly jobs?: number | undefined
  readonly rounds: number
  /**
   * How long each load is measured, and put on beforehand to warm up, in ms. Code is compiled by how often it runs, and one job at a time
   * runs what belongs to a frame far less often than the warm-up after the start does what belongs to a job.
   */
  readonly measureMs: number
  readonly warmupMs: number
  /** After its start a system is warmed up for so long, in ms: by then its code is compiled. */
  readonly firstWarmupMs: number
  /** Bounds one load on a machine faster than expected. */
  readonly maxJobs: number
  /** No more jobs are begun in a second; absent for as many as can be. */
  readonly perSecond?: number | undefined
  readonly markdown: boolean
  readonly jsonFile?: string | undefined
  readonly profileFolder?: string | undefined
  /** Where the stores' files are put for the run; absent for a folder of the project itself. */
  readonly folder?: string | undefined
}

/**
 * Reads the command line.
 * @throws with a sentence, for what is not as `usage` says
 */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: 'round-trips' },
      gate: { type: 'boolean', default: false },
      store: { type: 'string', default: 'sqlite' },
      systems: { type: 'string', default: systemNames.join(',') },
      hubs: { type: 'string' },
      outstanding: { type: 'string' },
      slots: { type: 'string' },
      workers: { type: 'string' },
      connections: { type: 'string' },
      value: { type: 'string' },
      jobs: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
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
  const { gate } = values
  const measureMs = 1000 * number('seconds', values.seconds ?? (gate ? '1' : '2'))
  return {
    gate,
    scenarios: values.scenario.split(',').map((name) => oneOf('scenario', scenarioNames, name)),
    store: oneOf('store', stores, values.store),
    systems: values.systems.split(',').map((name) => oneOf('systems', systemNames, name)),
    hubs: wholeNumbers('hubs', values.hubs),
    uploads: values.uploads,
    said: present({
      outstanding: wholeNumbers('outstanding', values.outstanding),
      slots: wholeNumbers('slots', values.slots),
      workers: wholeNumber('workers', values.workers, 64),
      connections: wholeNumber('connections', values.connections),
      valueBytes: wholeNumber('value', values.value, 500_000),
    }),
    jobs: wholeNumber('jobs', values.jobs, 10_000_000),
    rounds: number('rounds', values.rounds ?? '3'),
    measureMs,
    warmupMs: Math.min(1_000, measureMs),
    firstWarmupMs: Math.min(1_500, 2 * measureMs),
    maxJobs: 500_000,
    perSecond: values.pace === undefined ? undefined : number('pace', values.pace),
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
    if (options === 'help' || options.gate || options.uploads || options.hubs !== undefined) return false
    const systems = options.scenarios.flatMap((name) => (isComparison(name) ? systemsIn(name, options.systems) : []))
    const alone = options.scenarios.includes('cold-start') ? options.systems : []
    return [...systems, ...alone].some((name) => name.startsWith('bullmq'))
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

function wholeNumber(option: string, text: string | undefined, most?: number): number | undefined {
  if (text === undefined) return undefined
  const value = number(option, text, most)
  if (!Number.isInteger(value)) throw new Error(`--${option}: expected a whole number, got "${text}"`)
  return value
}

function wholeNumbers(option: string, text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined
  const values = text.split(',').map((part) => number(option, part))
  if (!values.every(Number.isInteger)) throw new Error(`--${option}: expected whole numbers with commas between, got "${text}"`)
  return values
}

/** What of it was given. */
function present(said: { [Name in keyof Loads]?: Loads[Name] | undefined }): Partial<Loads> {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}
