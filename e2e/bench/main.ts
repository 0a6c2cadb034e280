import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, platform, release } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, type Place } from './compare.js'
import type { Finding } from './finding.js'
import { runGate } from './gate.js'
import { runHubs } from './hubs.js'
import { hubsLinesOf, reportHubs } from './hubsReport.js'
import { type BenchOptions, readOptions } from './options.js'
import { isComparison, loadsOf, type ScenarioName, trials } from './scenarios.js'
import { courses } from './trials/courses.js'
import { reportUploads, runUploads } from './uploads.js'
import { usage } from './usage.js'
import { reportVerdicts } from './verdict.js'

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
  console.log(machine)
  const findings: (Finding & { readonly scenario: string })[] = []
  for (const { name, measure } of measurementsOf(options)) {
    const own = join(folder, name)
    mkdirSync(own)
    const finding = await measure({ folder: own, options, say })
    findings.push({ scenario: name, ...finding })
    console.log(['', finding.text, reportVerdicts(finding.verdicts, options)].filter((part, i) => i === 0 || part !== '').join('\n\n'))
    rmSync(own, { recursive: true, force: true })
  }
  const scenarios = findings.map(({ scenario, figures, verdicts }) => ({ scenario, verdicts, ...figures }))
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify({ machine, options, scenarios }, null, 2)}\n`)
  // What systems that are compared aim at is told, but no test: figures of a busy machine would fail it.
  const tests = findings.filter(({ scenario }) => !isComparison(scenario as ScenarioName))
  if (tests.some(({ verdicts }) => verdicts.some(({ holds }) => !holds))) process.exitCode = 1
}

interface Measurement {
  readonly name: string
  measure(place: Place): Promise<Finding>
}

function measurementsOf({ gate, uploads, hubs, scenarios }: BenchOptions): Measurement[] {
  if (gate) return [{ name: 'gate', measure: runGate }]
  if (uploads) return [{ name: 'uploads', measure: measureUploads }]
  if (hubs) return [{ name: 'hubs', measure: (place) => measureHubs(place, hubs) }]
  return scenarios.map((name) => ({ name, measure: (place) => measureScenario(name, place) }))
}

function measureScenario(name: ScenarioName, place: Place): Promise<Finding> {
  return isComparison(name) ? compare(name, place) : courses[name](place, place.options.jobs ?? trials[name].count)
}

async function measureUploads(place: Place): Promise<Finding> {
  const uploads = await runUploads({ ...place, loads: loadsOf('round-trips', place.options.said) })
  return { text: reportUploads(uploads, place.options), figures: { uploads }, verdicts: [] }
}

/** One job at a time would measure how hubs idle. */
async function measureHubs(place: Place, hubs: readonly number[]): Promise<Finding> {
  const entries = await runHubs({ ...place, loads: loadsOf('round-trips', { outstanding: [64, 1000], ...place.options.said }) }, hubs)
  const lines = hubsLinesOf(entries)
  return { text: reportHubs(lines, place.options), figures: { lines, entries }, verdicts: [] }
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
