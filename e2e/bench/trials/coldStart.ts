import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from '../compare.js'
import type { Finding } from '../finding.js'
import { spreadOf } from '../measure.js'
import { withSpread } from '../report.js'
import { rotated } from '../rounds.js'
import { type SystemName, systemNames } from '../scenarios.js'
import { type Column, layOut } from '../table.js'
import { type ColdStart, startAnchorlegCold, startBullmqCold } from './coldStarts.js'

const columns: readonly Column[] = [
  { heading: 'system', align: 'left' },
  { heading: 'listens after s', align: 'right' },
  { heading: 'first result after s', align: 'right' },
  { heading: 'all after s', align: 'right' },
  { heading: 'jobs/s from the first on', align: 'right' },
]

/** What stores jobs is started over a backlog, with worker and client already there. */
const starts: Readonly<
  Partial<Record<SystemName, { readonly name: string; start(folder: string, place: Place, count: number): Promise<ColdStart> }>>
> = {
  anchorleg: { name: 'Anchorleg, stored (SQLite, synced)', start: startAnchorlegCold },
  'bullmq-everysec': { name: 'BullMQ, Redis appendfsync everysec', start: startBullmqCold('everysec') },
  'bullmq-always': { name: 'BullMQ, Redis appendfsync always', start: startBullmqCold('always') },
}

/** How long a stopped system takes to give the first result, and all, of jobs that wait in its store. Relays have no store. */
export async function coldStart(place: Place, count: number): Promise<Finding> {
  const { folder, options, say } = place
  const found = new Map<string, ColdStart[]>()
  const names = systemNames.filter((name) => options.systems.includes(name) && starts[name])
  for (let round = 1; round <= options.rounds; round++) {
    for (const system of rotated(names, round)) {
      const entry = starts[system]
      if (!entry) continue
      say(`round ${round} of ${options.rounds}: ${entry.name}`)
      const own = join(folder, `${round}-${system}`)
      mkdirSync(own)
      found.set(entry.name, [...(found.get(entry.name) ?? []), await entry.start(own, place, count)])
    }
  }
  const rows = [...found].map(([name, rounds]) => {
    const over = (value: (each: ColdStart) => number) => withSpread(spreadOf(rounds.map(value)))
    const seconds = [over(({ listens }) => listens), over(({ first }) => first), over(({ all }) => all)]
    return [name, ...seconds, over(({ first, all }) => (count - 1) / (all - first))]
  })
  const told = `cold-start: started over ${count.toLocaleString('en-US')} waiting jobs, with 2,000 worker slots`
  return { text: `${told}\n\n${layOut(columns, rows, options)}`, figures: Object.fromEntries(found), verdicts: [] }
}
