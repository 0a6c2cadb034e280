import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type MeasuredPostgres, startPostgres } from './postgres.js'
import { countingStatements, type DatabaseCosts, PostgresCosts } from './postgresCosts.js'
import { loadOf, type Run, rotated } from './rounds.js'
import { type Layout, startHubs } from './systems/hubsOnPostgres.js'
import { putLoad, type Sample } from './systems/system.js'

/** What jobs cost in one layout under one load in one round. */
export interface HubsEntry extends Sample, DatabaseCosts, Layout {
  readonly round: number
  readonly outstanding: number
}

/** One hub alone, and then of each larger number: clients at one of them, at all, and awaiting at another than they submit to. */
export function layoutsOf(hubs: readonly number[]): Layout[] {
  const several = ['at one hub', 'at every hub', 'awaiting at another'] as const
  return hubs.flatMap((count): Layout[] =>
    count === 1 ? [{ hubs: 1, clients: 'at one hub' }] : several.map((clients) => ({ hubs: count, clients })),
  )
}

/** Measures all layouts in every round, one after the other on one PostgreSQL; which comes first changes. */
export async function runHubs(run: Omit<Run, 'systems'>, hubs: readonly number[]): Promise<HubsEntry[]> {
  const { folder, options, say } = run
  const entries: HubsEntry[] = []
  for (let round = 1; round <= options.rounds; round++) {
    const own = join(folder, `round-${round}`)
    mkdirSync(own)
    const postgres = await startPostgres(own, countingStatements)
    for (const layout of rotated(layoutsOf(hubs), round - 1)) {
      say(`round ${round} of ${options.rounds}: ${layout.hubs === 1 ? '1 hub' : `${layout.hubs} hubs, clients ${layout.clients}`}`)
      const place = { postgres, folder: own, schema: `bench_${entries.length}`, peers: Math.max(...hubs) }
      for (const measured of await measureLayout(layout, place, run)) entries.push({ ...layout, round, ...measured })
    }
    await postgres.close()
  }
  return entries
}

interface Place {
  readonly postgres: MeasuredPostgres
  readonly folder: string
  readonly schema: string
  readonly peers: number
}

async function measureLayout(layout: Layout, { postgres, folder, schema, peers }: Place, run: Omit<Run, 'systems'>) {
  const { firstWarmupMs, warmupMs, measureMs, profileFolder } = run.options
  const { outstanding } = run.loads
  const slots = run.loads.slots[0] as number
  const { running, clients } = await startHubs({ layout, peers, slots, postgres, schema, setup: { folder, profileFolder } })
  const costs = await PostgresCosts.open(postgres.server, schema)
  const { perSecond } = run.options
  const paced = { perSecond: perSecond && perSecond * (layout.clients === 'at one hub' ? 1 : layout.hubs) }
  const load = (count: number, ms: number) => putLoad(running, clients, { ...loadOf(run, count, ms), ...paced })
  // At a pace a hub's code would still be compiled while it is measured, and that of several hubs several times.
  const warmup = loadOf(run, Math.max(...outstanding), firstWarmupMs * layout.hubs)
  await putLoad(running, clients, { ...warmup, perSecond: undefined })
  const measured = []
  for (const count of [...outstanding].sort((a, b) => a - b)) {
    await load(count, warmupMs)
    const before = await costs.read()
    const sample = await load(count, measureMs)
    measured.push({ outstanding: count, ...sample, ...difference(before, await costs.read()) })
  }
  await costs.close()
  await running.stop()
  return measured
}

function difference(before: DatabaseCosts, after: DatabaseCosts): DatabaseCosts {
  return {
    statements: after.statements - before.statements,
    walBytes: after.walBytes - before.walBytes,
    notifies: after.notifies - before.notifies,
    notifyBytes: after.notifyBytes - before.notifyBytes,
  }
}
