import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, platform, release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runHubs } from './hubs.js'
import { hubsLinesOf, reportHubs } from './hubsReport.js'
import { linesOf } from './lines.js'
import { type BenchOptions, readOptions, type SystemName, usage } from './options.js'
import { report } from './report.js'
import { type Run, runRounds } from './rounds.js'
import { anchorlegOnPostgres } from './systems/anchorlegOnPostgres.js'
import { anchorlegOnSqlite } from './systems/anchorlegOnSqlite.js'
import { bullmqAlways, bullmqEverysec } from './systems/bullmq.js'
import { relay } from './systems/relay.js'
import type { System } from './systems/system.js'
import { reportUploads, runUploads } from './uploads.js'

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else await bench(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  // Whatever still runs is ended with this process.
  process.exit(1)
}

async function bench(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(options.folder ?? fileURLToPath(new URL('..', import.meta.url)), 'bench-'))
  // A PostgreSQL that root starts has an account of its own, and must reach its data.
  chmodSync(folder, 0o755)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const machine = describeMachine()
  console.log(`${machine}\n`)
  const { text, figures } = await measure({ systems: systemsOf(options), folder, options, say })
  console.log(`\n${text}`)
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify({ machine, options, ...figures }, null, 2)}\n`)
}

/** What was measured, as text for people and as figures. */
async function measure(run: Run): Promise<{ text: string; figures: object }> {
  const { systems, options } = run
  if (options.uploads) {
    const uploads = await runUploads(run)
    return { text: reportUploads(uploads, options), figures: { uploads } }
  }
  if (options.hubs) {
    const entries = await runHubs(run, options.hubs)
    const lines = hubsLinesOf(entries)
    return { text: reportHubs(lines, options), figures: { lines, entries } }
  }
  const { entries, disk } = await runRounds(run)
  const names = systems.map(({ name }) => name)
  const lines = linesOf(entries, names)
  return { text: report(lines, disk, options), figures: { lines, entries, disk } }
}

function systemsOf({ systems, store }: BenchOptions): System[] {
  const byName: Readonly<Record<SystemName, System>> = {
    relay,
    'bullmq-always': bullmqAlways,
    'bullmq-everysec': bullmqEverysec,
    anchorleg: store === 'postgres' ? anchorlegOnPostgres : anchorlegOnSqlite,
  }
  return systems.map((name) => byName[name])
}

/** Progress, apart from the result. */
function say(text: string): void {
  process.stderr.write(`· ${text}\n`)
}

/** Where the figures come from; a load of its own means that they are too low. */
function describeMachine(): string {
  const [cpu] = cpus()
  const busy = (loadavg()[0] ?? 0).toFixed(1)
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${platform()} ${release()}, Node ${process.version}, load before the run ${busy}`
}
