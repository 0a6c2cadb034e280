import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { anchorlegIn } from './compare.js'
import { spreadOf } from './measure.js'
import type { BenchOptions } from './options.js'
import { withSpread } from './report.js'
import type { Run } from './rounds.js'
import { relay } from './systems/relay.js'
import { putLoad, rate, type Sample, type System, type UploadingSystem } from './systems/system.js'
import { type Column, figure, layOut } from './table.js'

/** One client's latency in one round, alone and while another client uploads. */
export interface UploadEntry {
  readonly system: string
  readonly round: number
  readonly quiet: Sample
  readonly beside: Sample
  readonly uploads: Sample
}

/** A typed array of this size is what is pushed; encoded it is a third larger. */
const uploadBytes = 12_000_000
const valueBytes = 24 * 1024 * 1024
const warmupMs = 500

/** Measures one client with one job outstanding, quiet and beside another that pushes large jobs one after the other, to a worker of their own. */
export async function runUploads({ folder, options, loads, say }: Omit<Run, 'systems'>): Promise<UploadEntry[]> {
  const entries: UploadEntry[] = []
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`)
    for (const system of systemsOf(options)) {
      const own = join(folder, `${round}-${entries.length}`)
      mkdirSync(own)
      entries.push({ system: system.name, round, ...(await measure(system, own, { options, loads })) })
    }
  }
  return entries
}

const systemsOf = (options: BenchOptions) => [anchorlegIn(options), relay]

async function measure(system: System<UploadingSystem>, folder: string, { options, loads }: Pick<Run, 'options' | 'loads'>) {
  const { measureMs, maxJobs, profileFolder } = options
  const running = await system.start({ folder, valueBytes, profileFolder })
  await running.setSlots?.(loads.slots[0] as number)
  await running.addUploadWorker()
  const [small, large] = [await running.addClient('client'), await running.addClient('uploading client')]
  const one = { outstanding: 1, maxJobs }
  await putLoad(running, [small], { ...one, ms: warmupMs })
  await putLoad(running, [large], { ...one, ms: warmupMs, uploadBytes })
  const quiet = await putLoad(running, [small], { ...one, ms: measureMs })
  const [beside, uploads] = await Promise.all([
    putLoad(running, [small], { ...one, ms: measureMs }),
    putLoad(running, [large], { ...one, ms: measureMs, uploadBytes }),
  ])
  await running.stop()
  return { quiet, beside, uploads }
}

const columns: readonly Column[] = [
  { heading: 'system', align: 'left' },
  { heading: 'quiet p50 ms', align: 'right' },
  { heading: 'quiet p99 ms', align: 'right' },
  { heading: 'longest ms', align: 'right' },
  { heading: 'beside uploads p50 ms', align: 'right' },
  { heading: 'p99 ms', align: 'right' },
  { heading: 'longest ms', align: 'right' },
  { heading: 'uploads/s', align: 'right' },
]

/** The result for people. */
export function reportUploads(entries: readonly UploadEntry[], { markdown }: { markdown: boolean }): string {
  const names = new Set(entries.map(({ system }) => system))
  const rows = [...names].map((name) => {
    const rounds = entries.filter(({ system }) => system === name)
    const over = (value: (entry: UploadEntry) => number) => withSpread(spreadOf(rounds.map(value)))
    return [
      name,
      over(({ quiet }) => quiet.p50),
      over(({ quiet }) => quiet.p99),
      over(({ quiet }) => quiet.longest),
      over(({ beside }) => beside.p50),
      over(({ beside }) => beside.p99),
      over(({ beside }) => beside.longest),
      over(({ uploads }) => rate(uploads)),
    ]
  })
  const told = `One client with one small job outstanding, beside another that pushes typed arrays of ${figure(uploadBytes)} bytes.`
  return `${told}\n\n${layOut(columns, rows, { markdown })}`
}
