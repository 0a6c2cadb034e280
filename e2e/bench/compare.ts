import type { Finding } from './finding.js'
import { type Line, linesOf } from './lines.js'
import type { BenchOptions } from './options.js'
import { report } from './report.js'
import { type Measurements, type Run, runRounds } from './rounds.js'
import { type ComparisonName, comparisons, loadsOf, type SystemName, systemsIn } from './scenarios.js'
import { anchorlegOnPostgres } from './systems/anchorlegOnPostgres.js'
import { anchorlegOnSqlite } from './systems/anchorlegOnSqlite.js'
import { bullmqAlways, bullmqEverysec } from './systems/bullmq.js'
import { relay, relayAcked, wsRelay } from './systems/relay.js'
import type { System } from './systems/system.js'
import { targetsOf } from './targets.js'

/** What every scenario is run with. */
export type Place = Pick<Run, 'folder' | 'options' | 'say'>

interface Compared extends Finding {
  readonly figures: Measurements & { readonly lines: readonly Line[] }
}

/** Measures systems beside each other under the loads of a scenario. */
export async function compare(name: ComparisonName, place: Place): Promise<Compared> {
  const { options } = place
  const systems = systemsOf(name, options)
  const { entries, disk } = await runRounds({ ...place, systems, loads: loadsOf(name, options.said) })
  const lines = linesOf(
    entries,
    systems.map((system) => system.name),
  )
  const text = `${name}: ${comparisons[name].about}\n\n${report(lines, disk, options)}`
  return { text, figures: { lines, entries, disk }, verdicts: targetsOf(name, lines, anchorlegIn(options).name, options.store) }
}

/** Anchorleg on the store that was asked for. */
export const anchorlegIn = ({ store }: Pick<BenchOptions, 'store'>) => (store === 'postgres' ? anchorlegOnPostgres : anchorlegOnSqlite)

function systemsOf(name: ComparisonName, options: BenchOptions): System[] {
  const byName: Readonly<Record<SystemName, System>> = {
    relay,
    'relay-acked': relayAcked,
    'ws-relay': wsRelay,
    'bullmq-always': bullmqAlways,
    'bullmq-everysec': bullmqEverysec,
    anchorleg: anchorlegIn(options),
  }
  return systemsIn(name, options.systems).map((system) => byName[system])
}
